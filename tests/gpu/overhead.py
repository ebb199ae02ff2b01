"""What the hooks cost: tokens per second of one running engine, with hooks at work and muted.

usage: overhead.py FOLDER SESSION_ROOT [PAIRS] [experts] [eager]

A pair is a window of 10 s with the hooks and one without. Each is cut into five parts that take turns with
those of the other, because a host's rate moves by a third within a minute; the order changes from pair to
pair. 128 requests are always alive, with answers of 640 tokens. Thirty pairs take fourteen minutes. Prints a
line per pair, and last the mean cost with its 95 % interval (Student's, over the logarithms of the ratios).
"""

import glob
import math
import os
import statistics
import sys
import time

from models import DENSE, EXPERTS, engine, make, prompts, sampling

PARTS, PART_SEC = 5, 2.0
# The writer thread looks for a pause four times a second.
SETTLE_SEC = 0.7
# Two-sided 95 % quantiles of Student's distribution, by degrees of freedom.
T = {9: 2.262, 10: 2.228, 11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 19: 2.093}
T.update({20: 2.086, 22: 2.074, 24: 2.064, 26: 2.056, 29: 2.045})


class Load:
    """Keeps 128 requests alive and counts the tokens that come back.

    Every answer is of the same length, and the first ones end one after the other: from then on a
    request ends and one begins every few steps, and all windows see the same mix.
    """

    LENGTH = 640
    ALIVE = 128

    def __init__(self, llm):
        self.engine = llm.llm_engine
        self.number = 0
        self.tokens = 0
        self.seen = {}

    def fill(self):
        while len(self.seen) < self.ALIVE:
            name = "r%d" % self.number
            self.seen[name] = 0
            first = self.number < self.ALIVE
            length = self.LENGTH * (self.number + 1) // self.ALIVE if first else self.LENGTH
            self.number += 1
            self.engine.add_request(name, prompts(1, 32, 32, seed=self.number)[0], sampling(length))

    def run(self, seconds):
        """Tokens per second over that time."""
        start, before = time.perf_counter(), self.tokens
        while time.perf_counter() - start < seconds:
            self.fill()
            for output in self.engine.step():
                count = len(output.outputs[0].token_ids)
                self.tokens += count - self.seen[output.request_id]
                self.seen[output.request_id] = count
                if output.finished:
                    del self.seen[output.request_id]
        return (self.tokens - before) / (time.perf_counter() - start)


def main():
    folder, root = sys.argv[1:3]
    pairs = next((int(a) for a in sys.argv[3:] if a.isdigit()), 30)
    experts = "experts" in sys.argv
    llm = engine(
        make(folder + "/model", EXPERTS if experts else DENSE),
        enforce_eager="eager" in sys.argv,
        gpu_memory_utilization=0.9,
    )
    session = max(glob.glob(root + "/session_*"), key=os.path.getmtime)
    paused = os.path.join(session, "paused")
    load = Load(llm)
    # Until requests begin and end evenly.
    load.run(15)
    logs = []
    for pair in range(pairs):
        order = ("on", "off") if pair % 2 == 0 else ("off", "on")
        parts = {"on": [], "off": []}
        for state in PARTS * order:
            if state == "off":
                open(paused, "w").close()
            load.run(SETTLE_SEC)
            parts[state].append(load.run(PART_SEC))
            if state == "off":
                os.unlink(paused)
        rate = {state: statistics.fmean(rates) for state, rates in parts.items()}
        logs.append(math.log(rate["on"] / rate["off"]))
        print(
            "pair %d on %.1f off %.1f ratio %.5f"
            % (pair + 1, rate["on"], rate["off"], rate["on"] / rate["off"]),
            flush=True,
        )
    mean = statistics.fmean(logs)
    quantile = T[max(freedom for freedom in T if freedom <= len(logs) - 1)]
    margin = quantile * statistics.stdev(logs) / math.sqrt(len(logs))
    print(
        "cost %.3f %% of tokens/s; 95 %% interval %.3f %% to %.3f %% (%d pairs of 10 s, in five parts each)"
        % tuple(
            [100 * (1 - math.exp(x)) for x in (mean, mean + margin, mean - margin)] + [len(logs)]
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
