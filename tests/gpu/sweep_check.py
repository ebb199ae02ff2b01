"""Usage: sweep_check.py speed DIR | agree DIR DIR PERCENT [TABLE…] | gemm DIR JSON PERCENT

Reads sweeps without vscope's own code. Exit code 1 where a check fails.
"""

import csv
import json
import os
import statistics
import sys

KEYS = {
    "dense": ("layer", "tokens"),
    "per_sequence": ("layer", "sequences"),
    "attention": ("prefill_chunk", "kv_prefill", "n_decode", "kv_decode"),
    "moe": ("tokens", "activated_experts"),
}
# Rows that are shorter are a few kernels' start.
LEAST_US = 20


def rows(folder, tp, table):
    path = os.path.join(folder, "tp%d" % tp, table + ".csv")
    if not os.path.exists(path):
        return {}
    with open(path, newline="") as file:
        return {tuple(row[key] for key in KEYS[table]): row for row in csv.DictReader(file)}


def journal(folder):
    with open(os.path.join(folder, "journal.log")) as file:
        return [json.loads(line[9:]) for line in file]


def speed(folder):
    """Shots a second, and how long firing took: the sums of what the worker took for each shot."""
    lines = journal(folder)
    for line in lines:
        if "conditions" in line:
            print("TP %d: %s" % (line["tp"], json.dumps(line["conditions"])))
    shots = [line for line in lines if line.get("us") and "sec" in line]
    # Sweeps whose shots have no pass that warms up.
    lean = {line["sweep"] for line in lines if line.get("provenance", {}).get("lean_passes")}
    for tp in sorted({shot["tp"] for shot in shots}):
        own = [shot for shot in shots if shot["tp"] == tp]
        seconds = sum(shot["sec"] for shot in own)
        # Where experts are forced one looks whether they are, in any sweep.
        first = sum(shot["s"] not in lean or "experts" in shot for shot in own)
        passes = first + sum(max(len(us) for us in shot["us"].values()) for shot in own)
        print(
            "TP %d: %d shots in %.1f s of firing, %.1f shots/s, %.2f ms a pass"
            % (tp, len(own), seconds, len(own) / seconds, 1000 * seconds / passes)
        )
        for kind in ("one prompt", "requests of one token", "others"):
            part = [shot["sec"] for shot in own if kind_of(shot["k"]) == kind]
            if part:
                # The first sessions are recorded in two ways, and choose kernels: the median is of the others.
                print(
                    "  %s: %d shots, %.1f ms a shot, half of them up to %.1f"
                    % (kind, len(part), 1000 * statistics.mean(part), 1000 * statistics.median(part))
                )
    return bool(shots)


def kind_of(key):
    """A key is COUNTxNEW+HISTORY for each kind of request, and maybe the experts."""
    words = key.split()
    if len(words) == 1 and words[0].endswith("+0"):
        count, new = words[0][:-2].split("x")
        if count == "1":
            return "one prompt"
        if new == "1":
            return "requests of one token"
    return "others"


def agree(one, other, percent, *tables):
    """The median difference of rows above LEAST_US, by table: of those, or of all."""
    good, compared = True, 0
    for table in tables or KEYS:
        first, second = rows(one, 1, table), rows(other, 1, table)
        common = [key for key in first if key in second]
        pairs = [(float(first[key]["time_us"]), float(second[key]["time_us"])) for key in common]
        long = [(a, b) for a, b in pairs if min(a, b) > LEAST_US]
        if not long:
            continue
        apart = [100 * abs(a - b) / min(a, b) for a, b in long]
        compared += len(long)
        middle = statistics.median(apart)
        good &= middle <= float(percent)
        print(
            "%s: median difference %.2f %% over %d rows above %d us (of %d), 90th percentile %.2f %%, signed %+.2f %%"
            % (
                table,
                middle,
                len(apart),
                LEAST_US,
                len(pairs),
                sorted(apart)[int(0.9 * len(apart))],
                statistics.median(100 * (b - a) / a for a, b in long),
            )
        )
    good = good and compared > 0
    print("agree" if good else "DISAGREE by more than %s %%" % percent)
    return good


def gemm(folder, path, percent):
    """Linear layers against torch alone with a sweep's data; what other data takes is told beside it."""
    with open(path) as file:
        measured = json.load(file)
    table, apart = rows(folder, 1, "dense"), []
    others = [(way, measured[way]) for way in ("us_random", "us_busy") if way in measured]
    for layer, times in measured["us"].items():
        for count, alone in times.items():
            row = table.get((layer, count))
            if row is None:
                print("%s at %s tokens: no row" % (layer, count))
                continue
            ours = float(row["time_us"])
            print(
                "%s at %s tokens: %.2f us, torch alone %.2f us, %+.1f %%"
                % (layer, count, ours, alone, 100 * (ours - alone) / alone),
                *("%s %.2f" % (way, us[layer][count]) for way, us in others),
                sep=", ",
            )
            if alone > LEAST_US:
                apart.append(100 * abs(ours - alone) / alone)
    good = bool(apart) and statistics.median(apart) <= float(percent)
    if apart:
        middle = statistics.median(apart)
        print("median difference above %d us: %.1f %% over %d rows" % (LEAST_US, middle, len(apart)))
    print("within %s %%" % percent if good else "NOT within %s %%" % percent)
    return good


if __name__ == "__main__":
    check = {"speed": speed, "agree": agree, "gemm": gemm}[sys.argv[1]]
    sys.exit(0 if check(*sys.argv[2:]) else 1)
