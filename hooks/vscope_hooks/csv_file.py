"""The CSV file of a table: makes text of cells and appends it."""

import csv
import importlib
import io
import os

# Time on the interpreter is time that vLLM has not: rows are formatted together, several times
# cheaper than by the csv module, which is left with what needs quotes.
_FRACTIONS = ("_sec", "_ms", "_pct")
# So many in one operation, during which no other thread of the process runs (a quarter of a
# millisecond).
_TOGETHER = 250


class CsvFile:
    """An append-only file; the header is written with the first rows.

    complete(cells), where there is one, gets the cells of many rows, one behind the other, ahead of their
    writing and makes of them what the columns want: so vLLM's thread need not. It is a function of a module,
    so that another process can call it as well. offset: what the first column still lacks, where it is a time.
    """

    def __init__(self, folder, name, columns, plain=False, complete=None, offset=None):
        self.folder = folder
        self.name = name
        self.columns = columns
        # Rows in the file: they are lost when somebody removes it.
        self.written = 0
        self.offset = offset
        self._plain = plain
        self._complete = complete
        self._descriptor = None
        # Cells of a plain table are text already.
        fractions = () if plain else _FRACTIONS
        self._format = ",".join("%.6f" if c.endswith(fractions) else "%s" for c in columns) + "\n"

    def append(self, cells):
        """Appends the rows of these cells; returns (how many rows have been lost, why).

        Those may be older ones, which went with a file that somebody removed.
        """
        width = len(self.columns)
        count = len(cells) // width
        lost, why = 0, None
        try:
            size = self._open()
            if self.written and not size:
                lost, self.written = self.written, 0
                why = "%s.csv was removed while it was written" % self.name
            together = _TOGETHER * width
            parts = [cells[n : n + together] for n in range(0, len(cells), together)]
            self._write(size, "".join(map(self._text, parts)))
            self.written += count
        except Exception as error:
            lost += count
            why = "%s: %s" % (type(error).__name__, error)
        return lost, why

    def description(self):
        """What of() makes such a file of, in another process; nothing but plain values."""
        complete = self._complete and (self._complete.__module__, self._complete.__name__)
        return self.folder, self.name, self.columns, self._plain, complete, self.offset

    @classmethod
    def of(cls, folder, name, columns, plain, complete, offset):
        """A file by its description."""
        if complete:
            module, function = complete
            complete = getattr(importlib.import_module(module), function)
        return cls(folder, name, columns, plain, complete, offset)

    def let_go(self):
        """Another process appends from now on."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def forget(self, offset):
        """After a fork: the file is the parent's."""
        if self.offset is not None:
            self.offset = offset
        self.written = 0
        self._descriptor = None

    def _open(self):
        """The size of the file, which is made where there is none."""
        if self._descriptor is not None:
            found = os.fstat(self._descriptor)
            if found.st_nlink > 0:
                return found.st_size
            # In no folder any more: the next rows go into a new one.
            self.let_go()
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
        if self.offset is not None:
            cells[0::width] = [moment + self.offset for moment in cells[0::width]]
        filled = ["" if cell is None else cell for cell in cells] if None in cells else cells
        try:
            text = self._format * count % tuple(filled)
        except (TypeError, ValueError):
            return _quoted(cells, width)
        # A cell with a comma, a quote or a line end needs what only the csv module does.
        plain = '"' not in text and "\r" not in text and text.count("\n") == count
        return text if plain and text.count(",") == count * (width - 1) else _quoted(cells, width)


def _quoted(cells, width):
    cells = [round(cell, 6) if type(cell) is float else cell for cell in cells]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        cells[n : n + width] for n in range(0, len(cells), width)
    )
    return text.getvalue()
