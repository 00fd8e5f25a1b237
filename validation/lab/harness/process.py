"""Child processes that end with the lab, whatever ends it."""
import asyncio
import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


async def start(*command, ends_by=signal.SIGKILL, **more):
    """Starts `command`; the kernel sends it `ends_by` should the lab die."""
    lab = os.getpid()

    def tie():
        _libc.prctl(PR_SET_PDEATHSIG, int(ends_by))
        if os.getppid() != lab:  # it has died in between
            os._exit(1)
    more.setdefault("stdin", asyncio.subprocess.DEVNULL)
    return await asyncio.create_subprocess_exec(*command, preexec_fn=tie, **more)


async def end(process, ends_by=signal.SIGKILL, patience=5.0):
    """Ends `process` and waits for that."""
    if process is None or process.returncode is not None:
        return
    process.send_signal(ends_by)
    try:
        await asyncio.wait_for(process.wait(), patience)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
