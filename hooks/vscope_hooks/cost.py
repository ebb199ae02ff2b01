"""What the profilers themselves cost, and the budget that keeps them within it.

One call in COST_SAMPLE of each wrapped method is timed and stands for the others. It is the time on
the thread that vLLM works on; what a kernel of ours takes on the GPU is not in it.
"""

import os
import time

# The budget is compared with the cost of windows of this length.
WINDOW_SECONDS = 5.0


def budget():
    """VSCOPE_MAX_OVERHEAD, in percent with or without the sign, as a share (3 is 0.03); None where there is none."""
    try:
        percent = float(os.environ.get("VSCOPE_MAX_OVERHEAD", "").removesuffix("%"))
    except ValueError:
        return None
    return percent / 100 if percent > 0 else None


class Cost:
    """Seconds spent per profiler in this process."""

    def __init__(self, limit):
        self.limit = limit
        self.seconds = {}
        # Profilers that were turned down, with the reason.
        self.turned_down = {}
        self._window = (time.perf_counter(), {})

    def spent(self, profiler, seconds):
        self.seconds[profiler] = self.seconds.get(profiler, 0.0) + seconds

    def dearest_over_budget(self, spared):
        """(profiler, reason) once the window's cost is above the budget, else None.

        spared: profilers that the others depend on; they are never turned down.
        """
        since, before = self._window
        now = time.perf_counter()
        if self.limit is None or now - since < WINDOW_SECONDS:
            return None
        seconds = dict(self.seconds)
        self._window = (now, seconds)
        costs = {
            name: total - before.get(name, 0.0)
            for name, total in seconds.items()
            if name not in self.turned_down
        }
        share = sum(costs.values()) / (now - since)
        choice = [name for name in costs if name not in spared]
        if share <= self.limit or not choice:
            return None
        dearest = max(choice, key=costs.get)
        reason = "turned off: all profilers cost %.2f %% of the time, this one %.2f %%, budget %.2f %%" % (
            100 * share,
            100 * costs[dearest] / (now - since),
            100 * self.limit,
        )
        self.turned_down[dearest] = reason
        return dearest, reason
