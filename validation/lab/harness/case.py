"""A case of the corpus: repeats that count, and their summary."""
import asyncio
import json
import math
import os
import shutil
import socket
import tempfile
import time

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


async def measure(parameters, programs, tries=TRIES, until=math.inf, tell=print):
    """A repeat for each seed, and the noise of those that were repeated. The seeds run side by side, each in a slot of its own.
    Nothing is repeated any more after `until` (monotonic)."""
    kept, disturbed = {}, []
    folder = tempfile.mkdtemp(prefix="dryroll-lab-")
    try:
        for attempt in range(tries):
            todo = [seed for seed in SEEDS if seed not in kept]
            if not todo or attempt and time.monotonic() > until:
                break
            steal = guard.Steal()
            runs = [Run(parameters, seed, slot, os.path.join(folder, f"{attempt}-{slot}"), programs) for slot, seed in enumerate(todo)]
            played = await asyncio.gather(*(run.play() for run in runs), return_exceptions=True)
            for failure in (result for result in played if isinstance(result, BaseException)):
                raise failure
            for repeat in played:
                repeat["noise"]["steal_share"] = round(steal.share(), 4)
                found = guard.disturbances(repeat)
                if found:
                    tell(f"  seed {repeat['seed']} was disturbed, and is repeated: {'; '.join(found)}")
                    disturbed.append({"seed": repeat["seed"], "noise": repeat["noise"]})
                else:
                    kept[repeat["seed"]] = repeat
        if len(kept) < len(SEEDS):
            raise Disturbed(f"{len(SEEDS) - len(kept)} of {len(SEEDS)} runs were disturbed again and again; the machine is too busy")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [kept[seed] for seed in SEEDS], disturbed


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
