"""Usage: loader_check.py LLMSERVINGSIM SWEEPS. Has LLMServingSim's own loader read sweeps, and look up every row of them.

LLMSERVINGSIM: a checkout of its repository, which needs pandas, pyyaml, numpy and rich. SWEEPS: a folder like perf, with
sweeps as HARDWARE/MODEL/VARIANT. Exit code 1 where an answer is not what the row says, or a layer is missing. A layer
that its catalog takes to be the same at every TP degree, and ours does not, it looks up at TP 1: that is told.
"""

import csv
import glob
import os
import sys

# Their answers are nanoseconds.
NEAR_NS = 1.0
CONFIGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs")
PARTS = ("prologue", "pre_attn", "post_attn", "mlp_dense", "mlp_moe", "head")


def lookups(loader, base, tp):
    """By table: their function for a row of it."""
    return {
        "dense": lambda row: loader._lookup_dense(base, row["layer"], tp, int(row["tokens"])),
        "per_sequence": lambda row: loader._lookup_per_sequence(base, row["layer"], tp, int(row["sequences"])),
        "attention": lambda row: loader._lookup_attention(
            base, tp, *(int(row[key]) for key in ("prefill_chunk", "kv_prefill", "n_decode", "kv_decode"))
        ),
        "moe": lambda row: loader._lookup_moe(base, int(row["tokens"]), int(row["activated_experts"])),
    }


def check(loader, yaml, sweep, hardware, model, variant):
    with open(os.path.join(sweep, "meta.yaml")) as file:
        meta = yaml.safe_load(file)
    with open(os.path.join(CONFIGS, "architecture", meta["architecture"] + ".yaml")) as file:
        catalog = yaml.safe_load(file)["catalog"]
    # Layers that a TP degree has times of its own for.
    own = {name for layers in catalog.values() for name, entry in layers.items() if not entry.get("tp_stable")}
    good = True
    for tp in meta["tp_degrees"]:
        base = loader._load_perf_db(hardware, model, variant, {tp}, meta["architecture"])
        looked, apart, at_first = 0, [], {}
        for table, look_up in lookups(loader, base, tp).items():
            path = os.path.join(sweep, "tp%d" % tp, table + ".csv")
            if not os.path.exists(path):
                continue
            with open(path, newline="") as file:
                for row in csv.DictReader(file):
                    looked += 1
                    found = look_up(row)
                    if found is not None and abs(found - 1000 * float(row["time_us"])) <= NEAR_NS:
                        continue
                    layer = row.get("layer")
                    if tp != 1 and layer in own and loader._tp_stable(base, table, layer):
                        at_first[layer] = at_first.get(layer, 0) + 1
                    else:
                        apart.append((table, dict(row), found))
        sequence = base["architecture"].get("sequence", {})
        layers = [layer for part in PARTS for layer in sequence.get(part) or []]
        missing = [layer for layer in layers if not loader._layer_available(base, tp, layer)]
        print(
            "%s %s %s, TP %d: %d rows looked up, %d differ; of %d layers %s are missing"
            % (hardware, model, variant, tp, looked, len(apart), len(layers), ", ".join(missing) or "none")
        )
        for layer, count in sorted(at_first.items()):
            print("   %d rows of %s are not asked for: its catalog takes TP 1's at every degree" % (count, layer))
        for one in apart[:3]:
            print("  ", *one)
        good &= looked > 0 and not apart and not missing
    return good


def main(checkout, sweeps):
    sys.path.insert(0, checkout)
    # Its paths are relative to its own folder.
    sweeps = os.path.abspath(sweeps)
    os.chdir(checkout)
    import yaml
    import serving.core.trace_generator as loader

    loader._variant_root = lambda hardware, model, variant: os.path.join(sweeps, hardware, model, variant)
    good, found = True, sorted(glob.glob(sweeps + "/**/meta.yaml", recursive=True))
    for path in found:
        sweep = os.path.dirname(path)
        hardware, *model, variant = os.path.relpath(sweep, sweeps).split(os.sep)
        good &= check(loader, yaml, sweep, hardware, "/".join(model), variant)
    return good and bool(found)


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) else 1)
