"""What was measured, a line each, appended by the process that measured it.

A line is the CRC-32 of its JSON text, a space, and the text. It is written with one call, so that a
killed process leaves at most one torn line, which the checksum tells.
"""

import json
import os
import zlib


def line_of(record):
    text = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


class Journal:
    """An append-only file. What precedes must end with a newline: vscope sees to that."""

    def __init__(self, path):
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def append(self, record):
        rest = line_of(record)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self):
        os.close(self._descriptor)


class Flight:
    """A file that has the key of the shot in flight: a process that is killed says no more."""

    def __init__(self, path):
        self._descriptor = path and os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        self._longest = 0

    def of(self, key):
        if self._descriptor is None:
            return
        text = (key + "\n").encode()
        # What a longer key before it had behind is blank.
        self._longest = max(self._longest, len(text))
        os.pwrite(self._descriptor, text.ljust(self._longest), 0)
