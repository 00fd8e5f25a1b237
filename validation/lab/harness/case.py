"""A case of the corpus: repeats that count, and their summary."""
import asyncio
import json
import math
import os
import shutil
import socket
import tempfile

from . import guard
from .deploy import Run

SEEDS = (101, 102, 103)
# Tries of one seed.
TRIES = 4


class Disturbed(Exception):
    """The machine was too busy, again and again."""


def alone():
    """A lock on the lab's addresses, held for as long as the answer lives: an abstract socket, gone with its process."""
    lock = socket.socket(socket.AF_UNIX)
    try:
        lock.bind("\0dryroll-lab")
    except OSError:
        raise SystemExit("another lab runs on these addresses; wait for its end") from None
    return lock


class Measurement:
    """A repeat of each seed, and the noise of those that were played again."""

    def __init__(self, parameters, programs, tell=print):
        self.parameters, self.programs, self.tell = parameters, programs, tell
        self.kept, self.disturbed = {}, []

    @property
    def missing(self):
        return [seed for seed in SEEDS if seed not in self.kept]

    @property
    def repeats(self):
        if self.missing:
            raise Disturbed(f"{len(self.missing)} of {len(SEEDS)} runs were disturbed again and again; the machine is too busy")
        return [self.kept[seed] for seed in SEEDS]

    def play(self):
        """Plays what is missing once, side by side, each seed in a slot of its own."""
        folder = tempfile.mkdtemp(prefix="dryroll-lab-")
        try:
            asyncio.run(self._play(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _play(self, folder):
        steal = guard.Steal()
        runs = [Run(self.parameters, seed, slot, os.path.join(folder, str(slot)), self.programs) for slot, seed in enumerate(self.missing)]
        played = await asyncio.gather(*(run.play() for run in runs), return_exceptions=True)
        for failure in (result for result in played if isinstance(result, BaseException)):
            raise failure
        for repeat in played:
            repeat["noise"]["steal_share"] = round(steal.share(), 4)
            found = guard.disturbances(repeat)
            if found:
                self.tell(f"  seed {repeat['seed']} was disturbed, and is to be repeated: {'; '.join(found)}")
                self.disturbed.append({"seed": repeat["seed"], "noise": repeat["noise"]})
            else:
                self.kept[repeat["seed"]] = repeat


def case(name, description, parameters, version, repeats, disturbed, differences):
    return {
        "format": "lb-lab/1", "id": name, "experiment": 0, "description": description, "lb": parameters["lb"], "lb_version": version,
        "parameters": parameters, "summary": summary(repeats), "analytic": [], "repeats": repeats,
        "disturbed": disturbed, "differences": differences,
    }


def summary(repeats):
    """Mean, standard deviation and range of each quantity over the repeats."""
    def of(get):
        return statistics([get(repeat) for repeat in repeats])
    outcomes = sorted({outcome for repeat in repeats for outcome in repeat["totals"]})
    out = {
        "totals": {o: of(lambda r: r["totals"].get(o, 0)) for o in outcomes},
        "pods_severed_inflight": of(lambda r: r["pods_severed_inflight"]),
        "connect_failures_seen_by_balancer_or_client": of(lambda r: r["connect_failures"]),
    }
    for name in ("peak_opened_100ms", "peak_opened_1s", "opened_after_start"):
        out[name] = of(lambda r: r["connections"][name])
    out["latency_ms"] = {}
    for base in ("from_send", "from_schedule"):
        phases = out["latency_ms"][base] = {}
        for phase in ("before", "during", "after"):
            measured = [r["latency_ms"][base][phase] for r in repeats if r["latency_ms"][base][phase]]
            if measured:
                phases[phase] = {key: statistics([m[key] for m in measured]) for key in ("mean", "p50", "p90", "p99")}
    return out


def statistics(values):
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1)) if len(values) > 1 else 0.0
    return {"mean": round(mean, 2), "sd": round(spread, 2), "min": min(values), "max": max(values)}


def write(path, value):
    """The file is there whole or not at all."""
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:
        json.dump(value, file)
        file.write("\n")
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
