"""What was lost while the disk was full, in room that was taken before."""

import json
import os

# Twelve tables with their counts, and an error for each.
ROOM = 4096


class Losses:
    """A file of fixed size beside process.json, written in place: that needs no new room.

    It holds one JSON document and spaces behind it, or spaces only where nothing was lost.
    """

    def __init__(self, folder):
        self._used = False
        try:
            self._descriptor = os.open(
                os.path.join(folder, "losses.json"),
                os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0),
                0o644,
            )
            os.pwrite(self._descriptor, b" " * ROOM, 0)
        except OSError:
            self._descriptor = None

    def save(self, dropped, errors, ended):
        """Writes the counts of dropped rows per table, the errors, and when the process ended."""
        if self._descriptor is None:
            return
        lost = {
            "dropped": {name: rows for name, rows in dropped.items() if rows},
            "errors": [error[:100] for error in errors],
            "ended_sec": ended,
        }
        text = json.dumps(lost).encode()
        if len(text) > ROOM:
            text = json.dumps({**lost, "errors": []}).encode()
        self._used = True
        self._write(text)

    def clear(self):
        """The whole record has been written: it says more than we do."""
        if self._used:
            self._used = False
            self._write(b"")

    def _write(self, text):
        try:
            os.pwrite(self._descriptor, text.ljust(ROOM), 0)
        except OSError:
            pass
