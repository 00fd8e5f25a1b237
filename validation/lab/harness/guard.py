"""The noise guard: a run that the machine disturbed is played again, and not counted.

Only controls decide, never a result: how late the clients and the pods were woken, how late requests were sent and removals
made, and the time that a hypervisor took away.
"""

# Stalls above 100 ms spoil a run, as does a process that stands still for more than 2 % of the time; the bounds of the
# measured corpus (its description, §5 and §7).
STALL_MS = 100.0
STALLED_SHARE = 0.02
# A removal that comes so much late is 2 % of the window in which requests fail.
ORCHESTRATOR_MS = 20.0
SEND_LATE_P99_MS = 10.0
STEAL_SHARE = 0.05


class Steal:
    """The share of processor time that a hypervisor has taken since this was made."""

    def __init__(self):
        self.start = self.read()

    @staticmethod
    def read():
        with open("/proc/stat") as stat:
            ticks = [int(x) for x in stat.readline().split()[1:9]]
        return ticks[7], sum(ticks)

    def share(self):
        stolen, total = (now - before for now, before in zip(self.read(), self.start))
        return stolen / total if total else 0.0


def disturbances(repeat):
    """What disturbed a run, in words; nothing where it counts."""
    noise = repeat["noise"]
    bounds = (
        ("the clients were woken late by up to", "ms", noise["max_stall_ms"], STALL_MS),
        ("the pods were woken late by up to", "ms", noise["max_pod_stall_ms"], STALL_MS),
        ("the clients stood still for a share of", "", round(noise["stalled_s"] / repeat["duration_s"], 3), STALLED_SHARE),
        ("a removal came late by", "ms", noise["max_orchestrator_late_ms"], ORCHESTRATOR_MS),
        ("one in a hundred requests was sent late by", "ms", noise["send_late_p99_ms"], SEND_LATE_P99_MS),
        ("a hypervisor took a share of", "", round(noise["steal_share"], 3), STEAL_SHARE),
    )
    return [f"{what} {value} {unit}".rstrip() + f" (bound {bound})" for what, unit, value, bound in bounds if value > bound]
