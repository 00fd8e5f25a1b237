"""What one run gave, as the format has it. Times are seconds since the first arrival could occur."""
import math
import os

BIN = 0.1
FAILURES_MAX = 1500
PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))


class Marks:
    """When what was done (epoch)."""

    def __init__(self, zero):
        self.zero, self.deploy_start, self.deploy_end, self.stop = zero, None, None, None


class Request:
    def __init__(self, fields, zero):
        self.client = int(fields[0])
        self.due, self.start, self.end = (float(x) - zero for x in fields[1:4])
        self.outcome, self.pod, self.target = fields[4:7]
        self.reused, self.retried = int(fields[7]), int(fields[8])

    def bin(self):
        """An answer counts when it has come; what was cut, when it was sent."""
        return int((self.start if self.outcome == "open" else self.end) / BIN)


def repeat(run, marks, counters):
    p, zero = run.parameters, marks.zero
    requests, connections, refused, stalls = read(os.path.join(run.folder, "client.csv"), zero)
    start, end, stop = marks.deploy_start - zero, marks.deploy_end - zero, marks.stop - zero
    events = sorted(({**e, **{k: round(e[k] - zero, 4) for k in ("t", "t_before") if k in e}} for e in run.events), key=lambda e: e["t"])
    bins = math.ceil(stop / BIN) + 1
    opened = count(math.floor(c["opened"] / BIN) for c in connections)
    closed = count(int(c["closed"] / BIN) for c in connections if c["why"] != "end")
    dense = [opened.get(b, 0) for b in range(bins)]
    totals = count(r.outcome for r in requests)
    outcomes = sorted(totals)
    failures = [r for r in requests if r.outcome not in ("200", "open")]
    phases = {"before": (0, start), "during": (start, end), "after": (end, stop)}
    base = {"from_send": lambda r: r.start, "from_schedule": lambda r: r.due}
    series = {o: count(r.bin() for r in requests if r.outcome == o) for o in outcomes}
    return {
        "seed": run.seed, "duration_s": round(stop, 3), "deploy_start_s": round(start, 3), "deploy_end_s": round(end, 3),
        "totals": {"requests": len(requests), **{o: totals[o] for o in outcomes}},
        "client_retries": sum(r.retried for r in requests), "reconnect_attempts_refused": refused,
        "noise": noise(p, requests, stalls, events),
        "pods_severed_inflight": sum(e.get("severed", 0) for e in events if e["ev"] == "exit"),
        "sigkills": sum(e["ev"] == "pod_sigkill" for e in events),
        "connect_failures": connect_failures(run, counters, totals, refused),
        "by_proxy": by_proxy(requests) if p["proxies"] > 1 else None,
        "latency_ms": {name: {phase: latency(requests, *span, since) for phase, span in phases.items()} for name, since in base.items()},
        "connections": {
            "opened_after_start": sum(dense), "closed_by_reason": count(c["why"] for c in connections),
            "peak_opened_100ms": max(dense), "peak_opened_1s": max(sum(dense[b:b + 10]) for b in range(bins))},
        "served_by_pod": count(r.pod for r in requests if r.pod), "lb_counters": counters,
        "series_100ms": {
            "ok": [series.get("200", {}).get(b, 0) for b in range(bins)],
            "errors": {o: sparse(each) for o, each in series.items() if o != "200"},
            "conn_opened": sparse(opened), "conn_closed": sparse(closed)},
        "served_by_pod_1s": {pod: sparse(count(int(r.start) for r in requests if r.pod == pod)) for pod in sorted({r.pod for r in requests if r.pod})},
        "failures": [[round(r.start, 3), round(r.end, 3), r.outcome, r.pod, octet(r.target), r.reused] for r in failures[:FAILURES_MAX]],
        "failures_truncated": len(failures) > FAILURES_MAX, "events": events,
    }


def read(path, zero):
    """Requests in order of their arrival, connections, refused reconnects, and late wake-ups as (time, s)."""
    requests, connections, refused, stalls = [], [], 0, []
    with open(path) as lines:
        for line in lines:
            kind, *fields = line.rstrip("\n").split(",")
            if kind == "R":
                requests.append(Request(fields, zero))
            elif kind == "C":
                connections.append({"opened": float(fields[1]) - zero, "closed": float(fields[2]) - zero, "why": fields[4]})
            elif kind == "X":
                refused += 1
            elif kind == "S":
                stalls.append((float(fields[0]) - zero, float(fields[1])))
    requests.sort(key=lambda r: r.due)
    return requests, connections, refused, stalls


def count(values):
    counts = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts


def sparse(counts):
    return sorted([key, n] for key, n in counts.items())


def octet(target):
    return target.split(":")[0].split(".")[-1]


def by_proxy(requests):
    proxies = sorted({octet(r.target) for r in requests if r.target}, key=int)
    return {str(int(x) - 1): count(r.outcome for r in requests if octet(r.target) == x) for x in proxies}


def connect_failures(run, counters, totals, refused):
    """As the balancer itself counts them, or the clients where there is none."""
    if run.parameters["lb"] == "direct":
        return totals.get("refused", 0) + refused
    return sum(proxy.connect_failures(counts) for proxy, counts in zip(run.proxies, counters))


def latency(requests, since, until, base):
    times = sorted((r.end - base(r)) * 1e3 for r in requests if since <= r.start < until and r.outcome == "200")
    if not times:
        return None
    quantiles = {name: round(times[min(len(times) - 1, int(q * len(times)))], 1) for name, q in PERCENTILES}
    return {"n": len(times), "mean": round(sum(times) / len(times), 1), **quantiles, "max": round(times[-1], 1)}


def noise(parameters, requests, stalls, events):
    """How undisturbed the machine was: nothing of this depends on what the balancer does."""
    late = sorted(lateness(requests))
    pods = [e["s"] for e in events if e["ev"] == "stall"]
    longest = max((s for _, s in stalls), default=0.0)
    return {
        "stalls_over_10ms": len(stalls), "stalled_s": round(sum(s for _, s in stalls), 3), "max_stall_ms": round(longest * 1e3, 1),
        "stalls_over_50ms": [[round(t, 3), round(s * 1e3)] for t, s in stalls if s > 0.05][:100],
        "max_orchestrator_late_ms": round(orchestrator_late(parameters, events) * 1e3, 1),
        "max_pod_stall_ms": round(max(pods, default=0.0) * 1e3, 1),
        "send_late_p99_ms": round(late[int(0.99 * len(late))] * 1e3, 1) if late else 0.0,
    }


def lateness(requests):
    """How long after it was due each request was sent, the wait for its client's own connection left out."""
    free = {}
    for r in requests:
        yield max(0.0, r.start - max(r.due, free.get(r.client, r.due)))
        free[r.client] = r.end


def orchestrator_late(parameters, events):
    """The largest delay of a removal beyond its planned time, where that is no draw (s)."""
    delay, told, worst = parameters["remove_delay"], {}, 0.0
    for e in events:
        if e["ev"] == "pod_term":
            told[e["pod"]] = e["t"]
        elif e["ev"] == "member_remove" and e["pod"] in told:
            planned = delay["s"][e["proxy"]] if delay["kind"] == "per_proxy" else delay.get("s")
            if planned is not None:
                worst = max(worst, e["t"] - told[e["pod"]] - planned)
    return worst
