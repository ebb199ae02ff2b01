"""A table of one process: rows wait in bounded memory until the writer thread appends them."""

import csv
import io
import os

# Time on the interpreter is time that vLLM has not: rows are formatted together, several times
# cheaper than by the csv module, which is left with what needs quotes.
_FRACTIONS = ("_sec", "_ms", "_pct")
# So many in one operation, during which no other thread of the process runs (a quarter of a
# millisecond).
_TOGETHER = 250

# At about 200 bytes a row this bounds what a stalled disk can cost to some 13 MB per table.
LIMIT = 65536


class Table:
    """An append-only CSV file; the header is written with the first rows.

    add(row) takes a row (a tuple in the order of the columns), and counts it as dropped when full.
    complete(cells), where there is one, gets the cells of many rows, one behind the other, ahead of their
    writing and makes of them what the columns want: so vLLM's thread need not.
    """

    def __init__(self, folder, name, columns, limit=LIMIT, plain=False, complete=None):
        self.name = name
        self.columns = columns
        self.folder = folder
        # Cells of the rows that wait. Without an object per row they cost a third, and Python's
        # collector has nothing to look through.
        self.cells = []
        self.add = _adder(self, limit * len(columns))
        self.dropped = 0
        self.error = None
        self._complete = complete
        self._descriptor = None
        # Cells of a plain table are text already.
        fractions = () if plain else _FRACTIONS
        self._format = ",".join("%.6f" if c.endswith(fractions) else "%s" for c in columns) + "\n"
        # Rows in the file: they are lost when somebody removes it.
        self._written = 0

    def flush(self):
        """Appends the waiting rows. Called by the writer thread, and at exit."""
        width = len(self.columns)
        count = len(self.cells) // width
        if not count:
            return
        cells = self.cells[: count * width]
        del self.cells[: count * width]
        try:
            size = self._look_after_file()
            together = _TOGETHER * width
            parts = [cells[n : n + together] for n in range(0, len(cells), together)]
            self._write(size, "".join(map(self._text, parts)))
            self._written += count
        except Exception as error:
            self.dropped += count
            self.error = "%s: %s" % (type(error).__name__, error)

    def _look_after_file(self):
        """The size of the file, which is made where there is none.

        A file that was removed takes its rows with it; the next ones go into a new one.
        """
        if self._descriptor is not None:
            found = os.fstat(self._descriptor)
            if found.st_nlink > 0:
                return found.st_size
            os.close(self._descriptor)
            self._descriptor = None
            self.dropped += self._written
            self._written = 0
            self.error = "%s.csv was removed while it was written" % self.name
        os.makedirs(self.folder, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        path = os.path.join(self.folder, self.name + ".csv")
        self._descriptor = os.open(path, flags, 0o644)
        return os.fstat(self._descriptor).st_size

    def _write(self, size, text):
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

    def _text(self, cells):
        """The rows as CSV."""
        width = len(self.columns)
        count = len(cells) // width
        if self._complete:
            self._complete(cells)
        filled = ["" if cell is None else cell for cell in cells] if None in cells else cells
        try:
            text = self._format * count % tuple(filled)
        except (TypeError, ValueError):
            return _quoted(cells, width)
        # A cell with a comma, a quote or a line end needs what only the csv module does.
        plain = '"' not in text and "\r" not in text and text.count("\n") == count
        return text if plain and text.count(",") == count * (width - 1) else _quoted(cells, width)

    def forget(self):
        """After a fork: what the parent had waiting is the parent's to write."""
        self.cells.clear()
        self.dropped = 0
        self._written = 0
        self._descriptor = None


def _adder(table, most):
    """A table's add(): a function is called faster than a method that looks for what it needs."""
    cells, extend = table.cells, table.cells.extend

    def add(row):
        if len(cells) < most:
            extend(row)
        else:
            table.dropped += 1

    return add


def _quoted(cells, width):
    cells = [round(cell, 6) if type(cell) is float else cell for cell in cells]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        cells[n : n + width] for n in range(0, len(cells), width)
    )
    return text.getvalue()
