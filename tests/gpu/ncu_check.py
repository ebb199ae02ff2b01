"""Checks a bundle of `vscope ncu` against the table that ncu printed into it.

usage: ncu_check.py BUNDLE [status=S] [launches=N] [least=N] [only=A,B] [kv=BYTES] [note=REGEX]
exit code 1 where a figure differs
"""

import csv
import json
import os
import re
import sys

SECRETS = (b"hf_thisisthesecretofthegputests", b"vscope-planted-")
# Ours, the column of ncu's raw page, and what a unit is worth in ours.
FIGURES = (
    ("duration_ns", "gpu__time_duration.sum", {"ns": 1, "nsecond": 1, "us": 1e3, "usecond": 1e3}),
    ("dram_pct", "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed", {"%": 1}),
    ("sm_pct", "sm__throughput.avg.pct_of_peak_sustained_elapsed", {"%": 1}),
    ("occupancy_pct", "sm__warps_active.avg.pct_of_peak_sustained_active", {"%": 1}),
    ("registers_per_thread", "launch__registers_per_thread", {"register/thread": 1, "": 1}),
    ("dram_gbps", "dram__bytes.sum.per_second", {"byte/s": 1e-9, "byte/second": 1e-9, "Mbyte/s": 1e-3, "Gbyte/s": 1, "Tbyte/s": 1e3}),
)

failures = []


def check(good, text):
    print("%-9s %s" % ("ok" if good else "DIFFERS", text))
    if not good:
        failures.append(text)


def rows_of(path):
    csv.field_size_limit(1 << 30)
    with open(path, newline="", encoding="utf-8") as handle:
        lines = [line for line in handle if not line.startswith("==")]
    head, units, *rows = csv.reader(lines)
    return head, dict(zip(head, units)), [dict(zip(head, row)) for row in rows]


def number(text):
    return float(text.replace(",", ""))


def compare(bundle, analysis):
    head, units, rows = rows_of(bundle + "/raw.csv")
    ours = {(row.get("process_id"), row["id"]): row for row in analysis["ncu_kernels"]}
    left = sum(row["launches"] for row in analysis.get("ncu_left_out", []))
    check(len(ours) + left == len(rows), "launches: %d and %d left out of %d" % (len(ours), left, len(rows)))
    theirs = {(row["Process ID"], row["ID"]): row for row in rows}
    for name, column, factors in FIGURES:
        if column not in head:
            print("absent    %s: no %s" % (name, column))
            continue
        factor = factors.get(units[column])
        if factor is None:
            check(False, "%s: its unit is %r" % (name, units[column]))
            continue
        pairs = [
            (row.get(name), number(theirs[key][column]) * factor)
            for key, row in ours.items()
            if theirs[key][column] not in ("", "n/a", "nan")
        ]
        wrong = [pair for pair in pairs if pair[0] is None or abs(pair[0] - pair[1]) > 1e-6 + 1e-6 * abs(pair[1])]
        check(pairs and not wrong, "%s: %d of %d equal %s" % (name, len(pairs) - len(wrong), len(pairs), wrong[:2]))
    names = {row["Kernel Name"] for row in rows}
    check(all(row["name"] in names for row in ours.values()), "names are those of the table")
    print("columns   %d; metrics that are read of operations: %s" % (
        len(head), [name for name in head if "ops_path_tensor" in name][:6]))


def main():
    bundle = sys.argv[1]
    wanted = dict(word.split("=", 1) for word in sys.argv[2:])
    manifest = json.load(open(bundle + "/bundle.json", encoding="utf-8"))
    capture = manifest.get("capture", {})
    notes = [(note["severity"], note["message"]) for note in manifest["notes"]]
    for severity, message in notes:
        print("%-9s %s" % (severity, message))
    if "status" in wanted:
        check(manifest["status"] == wanted["status"], "status: %s" % manifest["status"])
    if "note" in wanted:
        check(any(re.search(wanted["note"], text) for _, text in notes), "a note says %s" % wanted["note"])
    for key in ("window", "kernels", "engine_arguments", "secrets", "report", "load"):
        value = dict(capture.get(key) or {}) if key == "kernels" else capture.get(key)
        if key == "kernels":
            value["regex"] = "%d letters" % len(value.get("regex", ""))
        print("%-9s %s" % (key, value))
    if "kv" in wanted:
        given = (capture.get("engine_arguments") or {}).get("kv_cache_memory_bytes")
        check(given == int(wanted["kv"]), "KV cache of %s bytes" % given)
    for folder, _, files in os.walk(bundle):
        for name in files:
            with open(os.path.join(folder, name), "rb") as handle:
                data = handle.read()
            found = [secret.decode() for secret in SECRETS if secret in data]
            if found:
                check(False, "%s holds %s" % (name, found))
    if os.path.exists(bundle + "/analysis.json"):
        analysis = json.load(open(bundle + "/analysis.json", encoding="utf-8"))
        kernels = analysis["ncu_kernels"]
        compare(bundle, analysis)
        if "launches" in wanted:
            check(len(kernels) == int(wanted["launches"]), "%d launches" % len(kernels))
        if "least" in wanted:
            check(len(kernels) >= int(wanted["least"]), "%d launches" % len(kernels))
        if "only" in wanted:
            kinds = {row["category"] for row in kernels}
            check(kinds <= set(wanted["only"].split(",")), "kinds: %s" % sorted(kinds))
        seconds = capture.get("window", {}).get("seconds")
        if seconds and kernels:
            print("cost      %.2f s a launch" % (seconds / capture["kernels"].get("measured", len(kernels))))
        print("partial   %s" % analysis.get("partial"))
        print("roofline  %s" % analysis.get("roofline"))
        for row in analysis["ncu_by_category"] + analysis["ncu_by_kernel"][:12]:
            print("  %5d x %-9s %s %s" % (
                row["launches"],
                row["category"],
                {name: round(row[name], 2) for name in
                 ("share", "dram_gbps", "dram_pct", "sm_pct", "tensor_pct", "occupancy_pct", "tflops", "roofline_pct")
                 if name in row},
                row["name"][:90],
            ))
        for row in kernels:
            if row["category"] == "other":
                print("  other: %s" % row["name"][:160])
    elif wanted.get("status") == "complete":
        check(False, "there is no analysis")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
