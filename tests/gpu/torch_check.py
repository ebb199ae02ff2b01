"""Counts the kernels of traces directly and compares with the document of `vscope analyze --json`.

usage: torch_check.py ANALYSIS TRACE...      exit code 1 where a figure differs
"""

import gzip
import json
import sys
from decimal import Decimal


def nanoseconds(value):
    """Microseconds as the trace writes them; a float would lose digits of large ones."""
    return int((Decimal(value) * 1000).to_integral_value())


def kernels(path):
    """(device, start, end) of each kernel, in nanoseconds."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as handle:
        events = json.load(handle, parse_float=str, parse_int=str)["traceEvents"]
    for event in events:
        if event.get("ph") == "X" and event.get("cat") == "kernel":
            start = nanoseconds(event["ts"])
            device = event.get("args", {}).get("device", event.get("pid"))
            yield device, start, start + nanoseconds(event["dur"])


def busy(intervals):
    """Length of the union."""
    total, until = 0, None
    for start, end in sorted(intervals):
        if until is None or start > until:
            total, until = total + end - start, end
        elif end > until:
            total, until = total + end - until, end
    return total


def main():
    analysis = json.load(open(sys.argv[1], encoding="utf-8"))
    count = total = union = 0
    for path in sys.argv[2:]:
        devices = {}
        for device, start, end in kernels(path):
            devices.setdefault(device, []).append((start, end))
            count, total = count + 1, total + end - start
        union += sum(busy(intervals) for intervals in devices.values())
    gpu = analysis.get("gpu", {})
    same = True
    # Each of our times may be rounded to a nanosecond.
    for name, direct, slack in (
        ("kernel_count", count, 0),
        ("kernel_time_ns", total, count),
        ("busy_time_ns", union, count),
    ):
        ours = gpu.get(name, 0)
        good = abs(ours - direct) <= slack
        same = same and good
        print("%-15s direct %15d  vscope %17.1f  %s" % (name, direct, ours, "same" if good else "DIFFERS"))
    shares = {row["category"]: row["share"] for row in analysis.get("categories", [])}
    print("share of other  %.2f %%" % (100 * shares.get("other", 0)))
    print("categories      " + ", ".join("%s %.1f %%" % (k, 100 * v) for k, v in shares.items()))
    for row in [row for row in analysis.get("kernels", []) if row["category"] == "other"][:15]:
        print("  other: %8.3f ms  %s" % (row["total_ns"] / 1e6, row["name"][:160]))
    steps = analysis.get("iterations", {})
    print("steps", {k: steps.get(k) for k in ("count", "prefill", "decode", "mixed", "source")})
    print("graphs", analysis.get("cuda_graphs"))
    print("idle", gpu.get("idle_share"), [(r["cause"], round(r["share"], 3)) for r in analysis.get("idle", [])])
    print("partial", analysis.get("partial"))
    sys.exit(0 if same and count > 0 else 1)


if __name__ == "__main__":
    main()
