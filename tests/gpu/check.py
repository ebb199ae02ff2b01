"""Compares the raw tables of a session with what the script of the run printed.

usage: check.py SESSION LOG
"""

import csv
import glob
import json
import struct
import sys


def rows(session, table):
    found = []
    for path in sorted(glob.glob("%s/processes/*/%s.csv" % (session, table))):
        with open(path, encoding="utf-8") as handle:
            found += list(csv.DictReader(handle))
    return found


def main():
    session, log = sys.argv[1:3]
    client = {}
    for line in open(log, encoding="utf-8", errors="replace"):
        if "CLIENT {" in line:
            client = json.loads(line[line.index("CLIENT ") + 7 :])
    counted = {k: v for k, v in client.items() if k != "counts"}
    print("client", counted)
    ends = [row for row in rows(session, "request_events") if row["event"] == "finished"]
    print(
        "hooks: requests", len(ends),
        "prompt", sum(int(row["prompt_tokens"]) for row in ends),
        "generated", sum(int(row["generated_tokens"]) for row in ends),
    )
    passes = [row for row in rows(session, "forward_pass_timing") if row["step"]]
    modes = {}
    for row in passes:
        key = (row["phase"], row["cudagraph_mode"], row["timing"])
        modes[key] = modes.get(key, 0) + 1
    print("passes", modes)
    events = [row for row in passes if row["timing"] == "cuda_event"]
    for name in ("forward_time_ms", "sample_time_ms", "host_time_ms"):
        values = sorted(float(row[name]) for row in events if row[name])
        if values:
            print(name, "p50 %.3f max %.3f sum %.1f" % (values[len(values) // 2], values[-1], sum(values)))
    last = {}
    for row in rows(session, "cuda_graphs"):
        key = tuple(row[k] for k in ("runtime_mode", "num_tokens", "num_reqs", "uniform", "rank"))
        last[key] = row
    replays = sum(int(r["replay_count"]) * int(r["graphs"] or 0) for r in last.values())
    print(
        "graphs: descriptors", len(last),
        "captured", sum(int(r["graphs"] or 0) for r in last.values()),
        "capture seconds %.3f" % sum(float(r["capture_duration_sec"] or 0) for r in last.values()),
        "replays x graphs", replays,
        "trace launches", client.get("trace_graph_launches"),
    )
    for path in glob.glob(session + "/processes/*/moe_totals.json"):
        facts = json.load(open(path))
        data = open(path[:-4] + "bin", "rb").read()
        first = facts["arrays"][0]
        count = first["shape"][0] * first["shape"][1]
        load = struct.unpack("<%dq" % count, data[: 8 * count])
        width = first["shape"][1]
        layers = [load[n * width : (n + 1) * width - 1] for n in range(first["shape"][0])]
        print("experts: tokens", facts["tokens"], "sums", [sum(l) for l in layers][:6],
              "expected", facts["tokens"] * facts["top_k"])
        if "counts" in client:
            apart = [sum(abs(a - b) for a, b in zip(l, c)) for l, c in zip(layers, client["counts"])]
            print("difference to vLLM's own, per layer", apart[:8], "its sums", [sum(c) for c in client["counts"]][:4])
    for path in sorted(glob.glob(session + "/processes/*/process.json")):
        record = json.load(open(path))
        bad = [h for h in record["hooks"] if h["status"] != "attached" or h.get("reason")]
        print(record["role"], record["rank"], record["versions"], record["cuda_device"], record["errors"])
        print("  cost", record["cost_sec"])
        for hook in bad:
            print("  ", hook)


if __name__ == "__main__":
    main()
