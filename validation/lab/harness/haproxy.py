"""HAProxy: membership by server slots over the runtime API, or by reloads."""
import asyncio
import re
import socket

from .proxy import Proxy

SLOTS = 30
# A reload needs the process id of the one before, and that one running.
BETWEEN_RELOADS = 0.15
LOG_LINE = re.compile(r"(?:<\d+>.*?: )?(\d+\.\d+) (-?\d+) (\S+) (\+?)(\d+) (\S+) (\S+)")


class HAProxy(Proxy):
    def configuration(self):
        s = self.settings
        lines = ["global", " maxconn 8000", " nbthread 1", f" stats socket {self.path('ha.sock')} mode 600 level admin",
                 f" log {self.path('log.sock')} len 1024 format raw local0"]
        for name, word in (("close_spread_s", "close-spread-time"), ("hard_stop_after_s", "hard-stop-after")):
            if s.get(name):
                lines.append(f" {word} {int(s[name] * 1000)}ms")
        lines += ["defaults", " mode http", " log global", ' log-format "%Ts.%ms %ST %tsc %rc %s %Tw/%Tc/%Tr/%Ta"',
                  f" timeout connect {s.get('timeout_connect', '2s')}", " timeout client 75s",
                  f" timeout server {s.get('timeout_server', '120s')}", " timeout http-keep-alive 75s", " timeout queue 10s",
                  f" retries {s.get('retries', 3)}"]
        # Absent or -1: the plain option; null: off; n: with every n-th try.
        every = s.get("redispatch", -1)
        lines.append(" no option redispatch" if every is None else " option redispatch" + ("" if every == -1 else f" {every}"))
        if s.get("retry_on"):
            lines.append(f" retry-on {s['retry_on']}")
        lines += ["frontend fe", f" bind {self.address}", " default_backend be", "backend be",
                  f" balance {s.get('balance', 'roundrobin')}", f" http-reuse {s.get('http_reuse', 'safe')}"]
        if s.get("balance", "").startswith("hash"):
            lines.append(" hash-type consistent")
        server = f" default-server pool-purge-delay {s.get('pool_purge_delay', '5s')}"
        server += "".join(f" {word} {s[word]}" for word in ("slowstart", "check", "maxconn") if s.get(word))
        server += f" {s['observe']}" if s.get("observe") else ""
        server += f" on-marked-down {s['on_marked_down']}" if s.get("on_marked_down") else ""
        lines.append(server)
        for slot in range(1, SLOTS + 1):
            off = "" if slot in self.slots else " disabled"
            lines.append(f" server pod{slot} {self.slots.get(slot, '127.0.0.1:9')}{off}")
        return "\n".join(lines) + "\n"

    async def start(self, members):
        self.log_lines, self.reloading, self.last = [], None, 0
        self.log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.log.bind(self.path("log.sock"))
        self.log.setblocking(False)
        self.log.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        asyncio.get_running_loop().add_reader(self.log, self.read_log)
        self.slots = {slot: member for slot, member in enumerate(members, 1)}
        self.write("ha.cfg", self.configuration())
        await self.spawn("-db", "-f", self.path("ha.cfg"))
        await self.wait_until_it_listens()

    def read_log(self):
        try:
            while True:
                self.log_lines.append(self.log.recv(4096).decode(errors="replace").strip())
        except BlockingIOError:
            pass

    def command(self, text):
        with socket.socket(socket.AF_UNIX) as admin:
            admin.settimeout(3)
            admin.connect(self.path("ha.sock"))
            admin.sendall(text.encode() + b"\n")
            return b"".join(iter(lambda: admin.recv(65536), b"")).decode()

    def add(self, member):
        # A slot of its own, so that nothing is remembered of the pod before.
        free = [slot for slot in range(1, SLOTS + 1) if slot not in self.slots]
        slot = next((f for f in free if f > self.last), free[0])
        self.last = slot
        self.slots[slot] = member
        if self.settings.get("membership") == "reload":
            self.reload_in_turn()
            return
        host, port = member.split(":")
        self.command(f"set server be/pod{slot} addr {host} port {port}; set server be/pod{slot} state ready")
        if self.settings.get("check"):
            self.command(f"enable health be/pod{slot}")

    def remove(self, member):
        slot = next(slot for slot, m in self.slots.items() if m == member)
        del self.slots[slot]
        if self.settings.get("membership") == "reload":
            self.reload_in_turn()
            return
        self.command(f"set server be/pod{slot} state maint")

    def reload_in_turn(self):
        self.run.event("lb_reload", proxy=self.index)
        before = self.reloading

        async def in_turn():
            if before:
                await before
            await self.reload()
            await asyncio.sleep(BETWEEN_RELOADS)
        self.reloading = asyncio.create_task(in_turn())
        self.run.tasks.append(self.reloading)

    async def reload(self):
        self.write("ha.cfg", self.configuration())
        await self.spawn("-db", "-f", self.path("ha.cfg"), "-sf", str(self.processes[-1].pid))

    async def finish(self):
        await asyncio.sleep(0.1)
        self.read_log()
        asyncio.get_running_loop().remove_reader(self.log)
        self.log.close()
        counts = {"requests": 0, "retried_requests": 0, "retries": 0, "redispatched_requests": 0, "term_states": {}}
        for match in filter(None, map(LOG_LINE.match, self.log_lines)):
            retries, state = int(match[5]), f"{match[2]} {match[3]}"
            counts["requests"] += 1
            counts["retried_requests"] += retries > 0
            counts["retries"] += retries
            counts["redispatched_requests"] += bool(match[4])
            counts["term_states"][state] = counts["term_states"].get(state, 0) + 1
        return counts

    def connect_failures(self, counts):
        """All retries, and the requests that it gave up: DC where the server was marked down while they waited for their next try."""
        given_up = sum(n for state, n in counts["term_states"].items() if state.startswith(("503 SC", "503 DC")))
        return counts["retries"] + given_up
