"""A table of one process: rows wait in bounded memory until the writer thread appends them."""

import collections
import csv
import io
import itertools
import os

# Time on the interpreter is time that vLLM has not: rows are formatted together, several times
# cheaper than by the csv module, which is left with what needs quotes.
_FRACTIONS = ("_sec", "_ms", "_pct")
# So many in one operation, during which no other thread of the process runs (half a millisecond).
_TOGETHER = 500

# At about 200 bytes a row this bounds what a stalled disk can cost to some 13 MB per table.
LIMIT = 65536


class Table:
    """An append-only CSV file; the header is written with the first rows."""

    def __init__(self, folder, name, columns, limit=LIMIT, plain=False):
        self.name = name
        self.columns = columns
        self.folder = folder
        self.limit = limit
        self.rows = collections.deque()
        self.dropped = 0
        self.error = None
        self._descriptor = None
        # Cells of a plain table are text already.
        fractions = () if plain else _FRACTIONS
        self._format = ",".join("%.6f" if c.endswith(fractions) else "%s" for c in columns) + "\n"
        # Rows in the file: they are lost when somebody removes it.
        self._written = 0

    def add(self, row):
        """Takes a row (a tuple in the order of the columns); counts it as dropped when full."""
        if len(self.rows) >= self.limit:
            self.dropped += 1
        else:
            self.rows.append(row)

    def flush(self):
        """Appends the waiting rows. Called by the writer thread, and at exit."""
        count = len(self.rows)
        if not count:
            return
        batch = [self.rows.popleft() for _ in range(count)]
        try:
            self._look_after_file()
            self._write(batch)
            self._written += count
        except OSError as error:
            self.dropped += count
            self.error = "%s: %s" % (type(error).__name__, error)

    def _look_after_file(self):
        """A file that was removed takes its rows with it; the next ones go into a new one."""
        if self._descriptor is None or os.fstat(self._descriptor).st_nlink > 0:
            return
        os.close(self._descriptor)
        self._descriptor = None
        self.dropped += self._written
        self._written = 0
        self.error = "%s.csv was removed while it was written" % self.name

    def _write(self, batch):
        if self._descriptor is None:
            os.makedirs(self.folder, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            path = os.path.join(self.folder, self.name + ".csv")
            self._descriptor = os.open(path, flags, 0o644)
        size = os.fstat(self._descriptor).st_size
        parts = [batch[n : n + _TOGETHER] for n in range(0, len(batch), _TOGETHER)]
        text = "".join(map(self._text, parts))
        if size == 0:
            text = ",".join(self.columns) + "\n" + text
        data = memoryview(text.encode("utf-8", "replace"))
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            # Half a row would spoil the first one that comes after it.
            os.ftruncate(self._descriptor, size)
            raise

    def _text(self, batch):
        """The rows as CSV."""
        cells = tuple(["" if cell is None else cell for cell in itertools.chain(*batch)])
        try:
            text = self._format * len(batch) % cells
        except (TypeError, ValueError):
            return _quoted(batch)
        # A cell with a comma, a quote or a line end needs what only the csv module does.
        plain = '"' not in text and "\r" not in text and text.count("\n") == len(batch)
        commas = len(batch) * (len(self.columns) - 1)
        return text if plain and text.count(",") == commas else _quoted(batch)

    def forget(self):
        """After a fork: what the parent had waiting is the parent's to write."""
        self.rows = collections.deque()
        self.dropped = 0
        self._written = 0
        self._descriptor = None


def _quoted(batch):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [round(cell, 6) if type(cell) is float else cell for cell in row] for row in batch
    )
    return text.getvalue()
