"""Checks what a run of the automation says of itself.

usage: automation_check.py FOLDER quick|full|resume      exit code 1 where something is not as promised
"""

import json
import os
import sys


def read(folder, name):
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as handle:
            return json.load(handle)
    except (OSError, ValueError) as error:
        print("cannot read %s: %s" % (name, error))
        return {}


def main():
    folder, what = sys.argv[1:3]
    outcome = read(folder, "outcome.json")
    bundle = read(folder, "bundle.json")
    nsys = read(folder, "nsys/analysis.json")
    wrong = []

    def expect(good, text):
        if not good:
            wrong.append(text)

    stages = {stage["name"]: stage for stage in bundle.get("stages", [])}
    for name, stage in stages.items():
        steps = ", ".join("%s %.1f s" % (s["name"], s["seconds"]) for s in stage.get("steps", []))
        print("%-14s %-11s %8s s  %s %s" % (
            name, stage.get("status"), stage.get("seconds", "-"), steps, stage.get("reason", "")))
    expect(outcome.get("status") == "complete", "status %s" % outcome.get("status"))
    total = sum(stage.get("seconds", 0) for stage in stages.values())
    print("all stages     %.1f s, findings %s" % (total, outcome.get("findings")))
    if what == "quick":
        expect(total < 240, "quick took %.0f s, and four minutes are promised with a warm cache" % total)

    gpu = nsys.get("gpu", {})
    print("kernels        %s, idle %.1f %%" % (gpu.get("kernel_count"), 100 * gpu.get("idle_share", 0)))
    shares = {row["category"]: row["share"] for row in nsys.get("categories", [])}
    print("categories     " + ", ".join("%s %.1f %%" % (k, 100 * v) for k, v in shares.items()))
    expect(gpu.get("kernel_count", 0) > 0, "no kernel")
    expect(shares.get("other", 0) < 0.05, "other has %.1f %%" % (100 * shares.get("other", 0)))
    for row in [row for row in nsys.get("kernels", []) if row["category"] == "other"][:10]:
        print("  other: %8.3f ms  %s" % (row["total_ns"] / 1e6, row["name"][:140]))
    steps = nsys.get("iterations", {})
    print("steps          %s" % {k: steps.get(k) for k in ("count", "prefill", "decode", "mixed", "source")})
    expect(steps.get("prefill", 0) + steps.get("mixed", 0) > 0, "no prefill")
    expect(steps.get("decode", 0) > 0, "no decode")
    print("graphs         %s" % nsys.get("cuda_graphs"))
    expect(nsys.get("cuda_graphs", {}).get("coverage", 0) > 0, "no kernel in a CUDA graph")
    print("idle           %s" % [(r["cause"], round(r["share"], 3)) for r in nsys.get("idle", [])])

    if what == "resume":
        kept = outcome.get("kept", [])
        print("kept           %s" % kept)
        expect("nsys-record" in kept, "it was recorded again")
        with open(os.path.join(folder, "journal.jsonl"), encoding="utf-8") as handle:
            begun = [line for line in handle if '"begin"' in line and '"nsys-record"' in line]
        expect(len(begun) == 1, "%d recordings were begun" % len(begun))
    if what == "full":
        ncu = read(folder, "ncu/analysis.json")
        rows = ncu.get("ncu_by_category", [])
        print("measured       %d launches" % len(ncu.get("ncu_kernels", [])))
        for row in rows:
            print("  %-10s %4d launches  %s GB/s (%s %%)  SM %s %%  %s" % (
                row["category"], row["launches"], row.get("dram_gbps"), row.get("dram_pct"),
                row.get("sm_pct"), row.get("bound")))
        expect(any(row.get("dram_gbps", 0) > 0 for row in rows), "no bandwidth")
        moe = stages.get("moe", {}).get("status")
        experts = folder.rstrip("/").endswith("experts")
        expect(moe == ("complete" if experts else "unneeded"), "stage moe is %s" % moe)
    for text in wrong:
        print("WRONG: " + text)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
