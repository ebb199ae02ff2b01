"""Which tokens are kept as a sample of all: every token so far has had the same chance.

Reservoir sampling with jumps (Li, "Reservoir-sampling algorithms of time complexity
O(n(1 + log(N/n)))", 1994): the random numbers drawn grow with the logarithm of the tokens.
"""

import math
import random


class Reservoir:
    """Places 0 … size-1, each holding the number of a token."""

    def __init__(self, size, seed=0):
        self.size = size
        self.tokens = [None] * size
        self.seen = 0
        self._random = random.Random(seed)
        self._weight = 1.0
        self._next = 0

    def _jump(self):
        self._weight *= math.exp(math.log(1.0 - self._random.random()) / self.size)
        draw = 1.0 - self._random.random()
        self._next += int(math.log(draw) / math.log1p(-self._weight)) + 1

    def take(self, count):
        """{place: index within the batch} of the tokens to keep from a batch of `count`."""
        chosen = {}
        first = self.seen
        self.seen += count
        while self._next < self.seen:
            token = self._next
            if token < self.size:
                place = token
                self._next += 1
                if self._next == self.size:
                    self._next -= 1
                    self._jump()
            else:
                place = self._random.randrange(self.size)
                self._jump()
            self.tokens[place] = token
            chosen[place] = token - first
        return chosen
