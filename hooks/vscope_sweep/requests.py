"""The requests that a model runner has, and the KV blocks that each of them holds.

Adding a request costs the model runner far more than scheduling one that it has. A request of one new
token serves every shot with such a one, whatever its history is: its blocks become more when a longer
history needs them. A chunk of a prompt serves shots with the same chunk.
"""

# What a request is: one token to compute (a decode, or a prompt of one token), or a chunk of a prompt.
SINGLE, CHUNK = "single", "chunk"
# The shot would fit, but blocks are held by requests that it does not need.
NO_ROOM = object()


class Request:
    __slots__ = ("name", "held")

    def __init__(self, name, groups):
        self.name = name
        # Blocks of each group.
        self.held = [[] for _ in range(groups)]


class Pool:
    def __init__(self, blocks, block_sizes, most):
        self._blocks = blocks
        self._sizes = block_sizes
        self._most = most
        self._number = 0
        self.clear_blocks()

    def clear_blocks(self):
        self._singles = []
        # By (new tokens, history).
        self._chunks = {}
        # Block 0 is the one that vLLM keeps for nothing. Taken from the end.
        self._free = list(range(self._blocks - 1, 0, -1))

    @property
    def names(self):
        return {request.name for request in self._alive()}

    def clear(self):
        """Forgets all requests; returns their names."""
        names = self.names
        if names:
            self.clear_blocks()
        return names

    def take(self, wanted, ended):
        """Requests for a shot: triples of the request, the blocks that it gets now and whether it is new.

        wanted: (kind, new tokens, history) each. Names of requests that have to end for it are added to
        `ended`. Returns NO_ROOM where the blocks that are held elsewhere do not leave enough.
        """
        singles, chunks, picked = 0, {}, []
        for kind, new, history in wanted:
            if kind == SINGLE:
                found = self._singles[singles] if singles < len(self._singles) else None
                singles += 1
            else:
                place = chunks[new, history] = chunks.get((new, history), 0) + 1
                alike = self._chunks.get((new, history), ())
                found = alike[place - 1] if place <= len(alike) else None
            picked.append(found)
        needs = [
            [
                max(0, -(-(new + history) // size) - (len(found.held[group]) if found else 0))
                for group, size in enumerate(self._sizes)
            ]
            for (_, new, history), found in zip(wanted, picked)
        ]
        needed = sum(sum(counts) for counts in needs)
        # A chunk is seldom wanted a second time once another was.
        self._drop_chunks(chunks, ended)
        alive = len(self._singles) + sum(map(len, self._chunks.values()))
        if needed > len(self._free) or alive + picked.count(None) > self._most:
            self._drop_singles(singles, ended)
        if needed > len(self._free):
            return NO_ROOM
        taken = []
        for (kind, new, history), found, counts in zip(wanted, picked, needs):
            request = found or self._add(kind, new, history)
            taken.append((request, self._blocks_for(request, counts, found is None), found is None))
        return taken

    def _add(self, kind, new, history):
        self._number += 1
        request = Request("vscope-%d" % self._number, len(self._sizes))
        alike = self._singles if kind == SINGLE else self._chunks.setdefault((new, history), [])
        alike.append(request)
        return request

    def _blocks_for(self, request, counts, is_new):
        """Block numbers by group; None where a request that is known needs no more."""
        if not any(counts) and not is_new:
            return None
        given = []
        for held, count in zip(request.held, counts):
            blocks = self._free[len(self._free) - count :]
            blocks.reverse()
            del self._free[len(self._free) - count :]
            held.extend(blocks)
            given.append(blocks)
        return tuple(given)

    def _alive(self):
        yield from self._singles
        for alike in self._chunks.values():
            yield from alike

    def _drop_chunks(self, kept, ended):
        for key in list(self._chunks):
            alike = self._chunks[key]
            self._drop(alike, kept.get(key, 0), ended)
            if not alike:
                del self._chunks[key]

    def _drop_singles(self, kept, ended):
        self._drop(self._singles, kept, ended)

    def _drop(self, requests, kept, ended):
        for request in requests[kept:]:
            ended.add(request.name)
            for held in request.held:
                self._free.extend(reversed(held))
        del requests[kept:]
