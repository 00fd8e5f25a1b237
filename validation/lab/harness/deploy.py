"""One run: pods, balancers, clients and a deploy, in a slot of loopback addresses of its own."""
import asyncio
import itertools
import json
import math
import os
import random
import time

from . import measure, process
from .direct import Direct
from .envoy import Envoy
from .haproxy import HAProxy
from .nginx import Nginx

KINDS = {"haproxy": HAProxy, "nginx": Nginx, "envoy": Envoy, "direct": Direct}
POD_PARAMETERS = ("service", "conc", "queue", "warm_mult", "warm_s", "idle_s", "startup_s", "prestop_s", "drain_mode", "jitter_s",
                  "drain_s", "chunk_s")
CLIENT_PARAMETERS = ("clients", "rate", "arrivals", "reconnect", "reconnect_delay_s", "retry_reused", "preconnect", "linger_s")
# Connections are opened, evenly spread, in so long before the first arrival, which is time 0.
SPREAD = 1.0


class Pod:
    def __init__(self, name, address, via, started):
        self.name, self.address, self.via, self.process = name, address, via, started
        self.ready, self.terminating, self.tasks = asyncio.Event(), False, []


class Run:
    """Plays `parameters` once; addresses: pods 127.10.SLOT.i, balancers 127.20.SLOT.i, relay 127.30.SLOT.i."""

    def __init__(self, parameters, seed, slot, folder, programs):
        self.parameters, self.seed, self.slot, self.folder, self.programs = parameters, seed, slot, folder, programs
        self.random = random.Random(seed * 7919 + 13)
        self.events, self.tasks, self.proxies, self.pods = [], [], [], []
        self.client = self.relay = None
        self.numbers = itertools.count(1)
        self.deploying = False

    def event(self, kind, **more):
        self.events.append({"t": time.time(), "ev": kind, **more})

    async def play(self):
        """Everything, from the first pod to the measurements."""
        os.makedirs(self.folder)
        try:
            await self.set_up()
            start = measure.Marks(await self.start_clients())
            await asyncio.sleep(SPREAD + self.parameters["before_s"])
            self.event("deploy_start")
            start.deploy_start = time.time()
            self.deploying = True
            await self.deploy()
            await asyncio.gather(*self.tasks)
            await asyncio.gather(*(pod.process.wait() for pod in self.pods if pod.terminating))
            self.event("deploy_end")
            start.deploy_end = time.time()
            await asyncio.sleep(self.parameters["after_s"])
            self.client.stdin.write(b"stop\n")
            start.stop = time.time()
            await asyncio.wait_for(self.client.wait(), self.parameters["linger_s"] + 30)
            counters = [await proxy.finish() for proxy in self.proxies]
            return measure.repeat(self, start, counters)
        finally:
            await self.tear_down()

    async def set_up(self):
        p = self.parameters
        for _ in range(p["n"]):
            await self.start_pod()
        await self.all_ready(self.pods)
        if p["relay_delay_s"]:
            pairs = [[f"127.30.{self.slot}.{i}:8080", f"127.10.{self.slot}.{i}:8080"] for i in range(1, 2 * p["n"] + 1)]
            self.relay = await process.start(self.programs["lab"], "relay", json.dumps({"delay_s": p["relay_delay_s"], "pairs": pairs}),
                                             stdout=asyncio.subprocess.PIPE)
            await self.relay.stdout.readline()
        kind = KINDS[p["lb"]]
        for index in range(p["proxies"]):
            self.proxies.append(kind(self, index, self.programs.get(p["lb"])))
            await self.proxies[-1].start([pod.via for pod in self.pods])

    async def all_ready(self, pods):
        await asyncio.wait_for(asyncio.gather(*(pod.ready.wait() for pod in pods)), self.parameters["startup_s"] + 30)

    async def start_pod(self):
        # Taken before anything is waited for: several may be started at once.
        p, number = self.parameters, next(self.numbers)
        name, address = f"p{number}", f"127.10.{self.slot}.{number}:8080"
        settings = {key: p[key] for key in POD_PARAMETERS}
        if not self.deploying:
            settings.update(warm_s=0.0, startup_s=0.0)
        settings.update(addr=address, name=name, seed=self.seed * 1000 + number)
        started = await process.start(self.programs["lab"], "pod", json.dumps(settings), stdout=asyncio.subprocess.PIPE)
        via = f"127.30.{self.slot}.{number}:8080" if p["relay_delay_s"] else address
        pod = Pod(name, address, via, started)
        self.pods.append(pod)
        self.event("pod_start", pod=name)
        pod.tasks.append(asyncio.create_task(self.listen_to(pod)))
        return pod

    async def listen_to(self, pod):
        while line := await pod.process.stdout.readline():
            said = json.loads(line)
            self.events.append(said)
            if said["ev"] == "ready":
                pod.ready.set()
        self.event("pod_gone", pod=pod.name, rc=await pod.process.wait())

    async def start_clients(self):
        p = self.parameters
        settings = {key: p[key] for key in CLIENT_PARAMETERS}
        direct = p["lb"] == "direct"
        members = [pod.via for pod in self.pods] if direct else [proxy.address for proxy in self.proxies]
        settings.update(timeout_s=p["client_timeout_s"], seed=self.seed, spread_s=SPREAD, members=members,
                        pick="random" if direct else "fixed", out=os.path.join(self.folder, "client.csv"))
        self.client = await process.start(self.programs["lab"], "client", json.dumps(settings), stdin=asyncio.subprocess.PIPE,
                                          stdout=asyncio.subprocess.PIPE)
        return json.loads(await self.client.stdout.readline())["t"] + SPREAD

    async def deploy(self):
        strategy = self.parameters["strategy"]
        if strategy == "rolling":
            await self.roll()
            return
        if strategy in ("lb_reload", "envoy_drain"):
            for proxy in self.proxies:
                self.event("lb_reload" if strategy == "lb_reload" else "lb_drain", proxy=proxy.index)
                await proxy.reload()
        elif strategy != "none":
            raise ValueError(f"the lab has no strategy {strategy}")
        await asyncio.sleep(self.parameters["watch_s"])

    async def roll(self):
        """Starts new pods while there is room for them, and ends old ones, in order, while enough are available."""
        p, old, available, ended = self.parameters, list(self.pods), set(), 0
        change, starting = asyncio.Event(), []

        async def bring():
            pod = await self.start_pod()
            await self.all_ready([pod])
            await self.add_everywhere(pod)
            available.add(pod.name)
            change.set()
        while len(available) < p["n"] or ended < len(old):
            left = len(old) - ended
            if len(starting) < p["n"] and left + len(starting) < p["n"] + p["max_surge"]:
                starting.append(asyncio.create_task(bring()))
            elif left and left + len(available) > p["n"] - p["max_unavailable"]:
                self.terminate(old[ended])
                ended += 1
            else:
                # A failure of any of them ends the run.
                waiting = asyncio.create_task(change.wait())
                done, _ = await asyncio.wait([waiting, *(s for s in starting if not s.done())], return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                for each in done - {waiting}:
                    each.result()
                change.clear()
        await asyncio.gather(*starting)

    async def add_everywhere(self, pod):
        adding = [asyncio.create_task(self.later("add", proxy, pod)) for proxy in self.proxies]
        self.tasks += adding
        if self.parameters["wait_add"]:
            await asyncio.gather(*adding)

    def terminate(self, pod):
        pod.terminating = True
        self.tasks += [asyncio.create_task(self.later("remove", proxy, pod)) for proxy in self.proxies]
        self.event("pod_term", pod=pod.name)
        pod.process.terminate()
        pod.tasks.append(asyncio.create_task(self.kill_after_grace(pod)))

    async def kill_after_grace(self, pod):
        await asyncio.sleep(self.parameters["grace_s"])
        if pod.process.returncode is None:
            pod.process.kill()
            self.event("pod_sigkill", pod=pod.name)

    async def later(self, what, proxy, pod):
        """Tells `proxy` of `pod` as late as it learns of it."""
        await asyncio.sleep(self.draw(self.parameters[what + "_delay"], proxy))
        before = time.time()
        getattr(proxy, what)(pod.via)
        self.event("member_" + what, proxy=proxy.index, pod=pod.name, t_before=before)

    def draw(self, delay, proxy):
        kind = delay["kind"]
        if kind == "const":
            return delay["s"]
        if kind == "per_proxy":
            return delay["s"][proxy.index]
        if kind == "uniform":
            return self.random.uniform(delay["lo"], delay["hi"])
        if kind == "exp":
            return self.random.expovariate(1 / delay["mean"])
        if kind == "lognormal":
            return delay["median"] * math.exp(self.random.gauss(0, delay["sigma"]))
        raise ValueError(f"the lab has no delay of kind {kind}")

    async def tear_down(self):
        for task in self.tasks + [task for pod in self.pods for task in pod.tasks[1:]]:
            task.cancel()
        for proxy in self.proxies:
            await proxy.stop()
        for each in [self.client, self.relay, *(pod.process for pod in self.pods)]:
            await process.end(each)
        # Their output is read to its end, now that there is one.
        await asyncio.gather(*(pod.tasks[0] for pod in self.pods), return_exceptions=True)
