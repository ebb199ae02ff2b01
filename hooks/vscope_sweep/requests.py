"""The requests that a model runner has, and the KV blocks that each of them holds.

Taking a request in costs the model runner far more than scheduling one that it has. A request of one new
token serves every shot with such a one, whatever its history is: its blocks become more when a longer
history needs them.

A batch is in the order in which vLLM's scheduler makes one, whatever shots were before: requests of one
token first, chunks of prompts behind them. The V1 runner puts a new request into the first row that is
free; so chunks are made anew, last, whenever the requests of the batch are others than before.
"""

# The shot would fit, but blocks are held by requests whose history is shorter now.
NO_ROOM = object()


class Request:
    __slots__ = ("name", "held")

    def __init__(self, name, groups):
        self.name = name
        # Blocks of each group.
        self.held = [[] for _ in range(groups)]


class Pool:
    def __init__(self, blocks, block_sizes):
        self._blocks = blocks
        self._sizes = block_sizes
        self._number = 0
        self._singles = []
        self._chunks = []
        # (new tokens, history) of each chunk.
        self._kinds = []
        self._release_all()

    def _release_all(self):
        # Block 0 is the one that vLLM keeps for nothing. Taken from the end.
        self._free = list(range(self._blocks - 1, 0, -1))

    @property
    def names(self):
        return {request.name for request in (*self._singles, *self._chunks)}

    def clear(self):
        """Forgets all requests; returns their names."""
        names = self.names
        self._singles, self._chunks, self._kinds = [], [], []
        self._release_all()
        return names

    def take(self, singles, chunks, ended):
        """Requests for a shot, singles first.

        singles: the history of each request of one token; chunks: (new tokens, history) of each other.
        Names of requests that have to end for it are added to `ended`.

        @returns triples of the request, the blocks that it gets now, by group, or None where it needs no
        more, and whether it is new; NO_ROOM where the blocks that are held do not leave enough.
        """
        if len(singles) != len(self._singles) or chunks != self._kinds:
            self._drop(self._chunks, 0, ended)
            self._drop(self._singles, len(singles), ended)
            self._kinds = []
        asked = [(1, history) for history in singles] + chunks
        known = self._singles + [None] * (len(singles) - len(self._singles))
        known += self._chunks or [None] * len(chunks)
        needs = [
            [
                max(0, -(-(new + history) // size) - (len(found.held[group]) if found else 0))
                for group, size in enumerate(self._sizes)
            ]
            for (new, history), found in zip(asked, known)
        ]
        if sum(map(sum, needs)) > len(self._free):
            return NO_ROOM
        taken = []
        for place, (found, counts) in enumerate(zip(known, needs)):
            request = found or self._add(self._singles if place < len(singles) else self._chunks)
            blocks = None if found and not any(counts) else self._blocks_for(request, counts)
            taken.append((request, blocks, found is None))
        self._kinds = list(chunks)
        return taken

    def _add(self, requests):
        self._number += 1
        request = Request("vscope-%d" % self._number, len(self._sizes))
        requests.append(request)
        return request

    def _blocks_for(self, request, counts):
        given = []
        for held, count in zip(request.held, counts):
            first = len(self._free) - count
            blocks = self._free[first:]
            blocks.reverse()
            del self._free[first:]
            held.extend(blocks)
            given.append(blocks)
        return tuple(given)

    def _drop(self, requests, kept, ended):
        for request in requests[kept:]:
            ended.add(request.name)
            for held in request.held:
                self._free.extend(reversed(held))
        del requests[kept:]
