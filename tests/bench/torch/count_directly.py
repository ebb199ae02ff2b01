"""Every table of `vscope analyze --json` against a count over the JSON, in exact fractions."""

import collections
import json
import statistics
import sys
from fractions import Fraction


def ns(microseconds):
    return int(1000 * Fraction(microseconds))


def union(intervals):
    total, end = 0, None
    for start, stop in sorted(intervals):
        if end is None or start > end:
            total, end = total + stop - start, stop
        elif stop > end:
            total, end = total + stop - end, stop
    return total


def grouped(events, key=lambda event: event["name"]):
    groups = collections.defaultdict(list)
    for event in events:
        groups[key(event)].append(event["dur"])
    return groups


wanted = {"kernel", "gpu_memcpy", "gpu_memset", "cpu_op", "cuda_runtime", "cuda_driver", "user_annotation"}
events = []
with open(sys.argv[1], encoding="utf-8") as file:
    for event in json.load(file, parse_float=lambda text: text)["traceEvents"]:
        if event.get("ph") == "X" and event.get("cat") in wanted:
            events.append({
                "cat": event["cat"], "name": event["name"], "ts": ns(event["ts"]),
                "dur": ns(event["dur"]), "args": event.get("args", {}), "pid": event["pid"],
            })
with open(sys.argv[2], encoding="utf-8") as file:
    found = json.load(file)

failures = 0


def check(what, mine, theirs):
    global failures
    same = mine == theirs
    failures += not same
    print(f"- {what}: {'equal' if same else 'DIFFERENT'}")


kernels = [event for event in events if event["cat"] == "kernel"]
devices = collections.defaultdict(list)
for event in kernels:
    devices[event["args"].get("device", event["pid"])].append((event["ts"], event["ts"] + event["dur"]))
gpu = found["gpu"]
busy = sum(union(intervals) for intervals in devices.values())
span = sum(max(stop for _, stop in one) - min(start for start, _ in one) for one in devices.values())
check(f"{len(kernels)} kernels, count, time, busy and span",
      (len(kernels), sum(event["dur"] for event in kernels), busy, span),
      tuple(gpu[key] for key in ("kernel_count", "kernel_time_ns", "busy_time_ns", "span_ns")))
check(f"idle time by cause, in sum {span - busy} ns", span - busy,
      sum(row["total_ns"] for row in found.get("idle", [])))


def summary(groups):
    return {name: (len(times), sum(times), statistics.median(times), max(times))
            for name, times in groups.items()}


for table, categories in (("kernels", {"kernel"}), ("cuda_api", {"cuda_runtime", "cuda_driver"}),
                          ("nvtx", {"user_annotation"}), ("cpu_operators", {"cpu_op"})):
    mine = summary(grouped(event for event in events if event["cat"] in categories))
    theirs = {row["name"]: (row["count"], row["total_ns"], row["median_ns"], row["max_ns"])
              for row in found.get(table, [])}
    check(f"{table}, {len(mine)} rows: count, total, median, most", mine, theirs)
deviations = {name: statistics.stdev(times) if len(times) > 1 else 0
              for name, times in grouped(kernels).items()}
check("kernels: deviations", True,
      all(abs(row["stddev_ns"] - deviations[row["name"]]) <= 1e-6 * (1 + row["stddev_ns"])
          for row in found["kernels"]))
by_category = collections.Counter()
for row in found["kernels"]:
    by_category[row["category"]] += row["total_ns"]
check("categories add up to the kernels", {name: total for name, total in by_category.items() if total},
      {row["category"]: row["total_ns"] for row in found["categories"] if row["total_ns"]})
copies = collections.Counter()
for event in events:
    if event["cat"] in ("gpu_memcpy", "gpu_memset"):
        kind = "memset" if event["cat"] == "gpu_memset" else event["name"].split()[1]
        copies[kind] += event["args"].get("bytes", 0)
check("memcpy: bytes by kind", dict(copies), {row["kind"]: row["bytes"] for row in found.get("memcpy", [])})
launched = collections.defaultdict(list)
for event in events:
    if event["cat"] in ("cuda_runtime", "cuda_driver") and "GraphLaunch" in event["name"]:
        launched[event["args"]["correlation"]].append(event)
in_graphs = sum(1 for event in kernels if event["args"].get("correlation") in launched
                or int(event["args"].get("graph node id", 0) or 0) > 0)
check(f"cuda_graphs: {in_graphs} kernels", in_graphs, found["cuda_graphs"]["kernels_in_graphs"])
steps = [event for event in events if event["cat"] == "user_annotation"
         and event["name"].startswith(("execute_context_", "ProfilerStep#"))]
named = [event for event in steps if event["name"].startswith("execute")] or steps
check(f"iterations: {len(named)}", len(named), found.get("iterations", {"count": 0})["count"])
sys.exit(1 if failures else 0)
