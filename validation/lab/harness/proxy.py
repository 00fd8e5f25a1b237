"""What the balancers have in common: a folder, an address, processes that are started and ended."""
import asyncio
import os
import signal
import socket

from . import process

PORT = 8000
START_SECONDS = 10.0


class Proxy:
    """One balancer process (or master) in front of the pods."""

    ends_by = signal.SIGKILL

    def __init__(self, run, index, binary):
        self.run, self.index, self.binary = run, index, binary
        self.settings = run.parameters["lb_settings"]
        self.ip = f"127.20.{run.slot}.{index + 1}"
        self.address = f"{self.ip}:{PORT}"
        self.folder = os.path.join(run.folder, f"proxy{index}")
        os.makedirs(self.folder)
        self.members = []
        self.processes = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        """Replaces a file in one step."""
        with open(self.path(name + ".new"), "w") as file:
            file.write(text)
        os.replace(self.path(name + ".new"), self.path(name))

    async def spawn(self, *arguments):
        """Starts the balancer once more; the newest process is the last of `processes`."""
        with open(self.path("out.log"), "ab") as log:
            started = await process.start(self.binary, *arguments, ends_by=self.ends_by, stdout=log, stderr=log, cwd=self.folder)
        self.processes.append(started)

    async def wait_until_it_listens(self):
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            try:
                socket.create_connection((self.ip, PORT), 0.2).close()
                return
            except OSError:
                await asyncio.sleep(0.05)
        with open(self.path("out.log"), errors="replace") as log:
            raise RuntimeError(f"{self.binary} does not listen on {self.address}: {log.read()[-2000:]}")

    async def stop(self):
        for each in self.processes:
            await process.end(each, self.ends_by)
