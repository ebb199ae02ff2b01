"""What the expert counters leave on disk: a timeline of imbalance, and one file with the totals."""

import os
import re

from ..session import write_json

IMBALANCE = (
    "timestamp_sec",
    "layer_idx",
    "rank",
    "passes",
    "tokens",
    "mean",
    "std_dev",
    "max",
    "min",
    "experts_hit",
)
# Seconds between two writings of the totals, some megabytes for a large model.
SAVE_EVERY_SEC = 10.0


class ExpertFiles:
    """The files of one process."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.imbalance = recorder.table("moe_load_imbalance", IMBALANCE)
        self._totals = None
        self._samples = None
        self._facts = None
        self._dirty = False
        self._saved_at = 0.0

    def take(self, copy, experts):
        """Takes a finished copy of the counters."""
        # Not before the counters: a model without experts needs no numpy.
        from .snapshot import Totals

        if self._totals is None:
            self._totals = Totals()
        counters = experts.counters
        for name, tensor in copy.host.items():
            values = tensor.numpy()
            if name.startswith("sample_"):
                continue
            # The last place of a row took what does not count.
            delta = self._totals.take(name, values)[:, :-1]
            if name == "load":
                self._add_imbalance(delta, copy.facts, experts)
        if "sample_ids" in copy.host:
            self._samples = (
                copy.facts["sample_tokens"],
                copy.host["sample_ids"].numpy()[:, :-1].copy(),
                copy.host["sample_weights"].numpy()[:, :-1].copy(),
            )
        self._facts = {
            "schema_version": 1,
            "rank": self.recorder.rank,
            "layers": [layer_number(name, n) for n, name in enumerate(experts.names)],
            "experts": counters.experts,
            "physical_experts": counters.physical or None,
            "top_k": counters.top_k,
            "tokens": copy.facts["tokens"],
            "passes": copy.facts["passes"],
            "timestamp_sec": copy.facts["timestamp_sec"],
        }
        self._dirty = True

    def _add_imbalance(self, delta, facts, experts):
        for place, counts in enumerate(delta):
            if not counts.sum():
                continue
            self.imbalance.add(
                (
                    facts["timestamp_sec"],
                    layer_number(experts.names[place], place),
                    self.recorder.rank,
                    facts["passes"],
                    facts["tokens"],
                    float(counts.mean()),
                    float(counts.std(ddof=1)) if len(counts) > 1 else 0.0,
                    int(counts.max()),
                    int(counts.min()),
                    int((counts > 0).sum()),
                )
            )

    def save(self, now=False):
        """Writes the totals: moe_totals.bin holds the arrays that moe_totals.json describes."""
        at = self.recorder.seconds()
        folder = self.recorder.folder
        if not self._dirty or folder is None or (not now and at - self._saved_at < SAVE_EVERY_SEC):
            return
        self._dirty = False
        self._saved_at = at
        arrays = dict(self._totals.counts)
        if self._samples is not None:
            tokens, ids, weights = self._samples
            arrays["sample_ids"] = ids.astype("int64")
            arrays["sample_weights"] = weights.astype("float64")
            self._facts["sample_tokens"] = tokens
        header = dict(self._facts, arrays=[])
        try:
            path = os.path.join(folder, "moe_totals.bin")
            with open(path + ".tmp", "wb") as handle:
                for name, array in arrays.items():
                    header["arrays"].append(
                        {"name": name, "type": str(array.dtype), "shape": list(array.shape)}
                    )
                    handle.write(array.tobytes())
            os.replace(path + ".tmp", path)
            write_json(os.path.join(folder, "moe_totals.json"), header)
        except OSError as error:
            self._dirty = True
            self.imbalance.error = "moe_totals.bin: %s: %s" % (type(error).__name__, error)


def layer_number(name, order):
    """The layer's number in the model, from a name such as model.layers.3.mlp.experts."""
    found = re.search(r"layers?\.(\d+)\.", name)
    return int(found.group(1)) if found else order
