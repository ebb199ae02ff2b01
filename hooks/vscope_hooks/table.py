"""A table of one process: rows wait in bounded memory until they are written."""

import threading

from .csv_file import CsvFile

# At about 200 bytes a row this bounds what a stalled disk can cost to some 13 MB per table.
LIMIT = 65536


class Table:
    """Rows on their way to a CSV file; `more` as CsvFile takes it.

    add(row) takes a row (a tuple in the order of the columns), and counts it as dropped when full. put(row) does
    the same and looks for no limit, which keep_limit() does for many rows: what is called several times a step is
    then no function of Python's.
    """

    def __init__(self, folder, name, columns, limit=LIMIT, **more):
        self.name = name
        self.file = CsvFile(folder, name, columns, **more)
        # Cells of the rows that wait. Without an object per row they cost a third, and Python's
        # collector has nothing to look through.
        self.cells = []
        self.put = self.cells.extend
        self.width = len(columns)
        # Cells that may wait.
        self.most = limit * self.width
        self.add = _adder(self, self.most)
        self.dropped = 0
        self.error = None
        self._taking = threading.Lock()

    def take(self):
        """The cells that wait, which wait no longer."""
        with self._taking:
            cells = self.cells[: len(self.cells) // self.width * self.width]
            del self.cells[: len(cells)]
        return cells

    def keep_limit(self):
        """Drops and counts the newest rows where more wait than may. Waits for nobody."""
        if self._taking.acquire(False):
            try:
                # What other threads put behind these meanwhile stays.
                end = len(self.cells)
                if end > self.most:
                    del self.cells[self.most : end]
                    self.lose((end - self.most) // self.width, None)
            finally:
                self._taking.release()

    def write(self, cells):
        """Appends rows to the file here, in this process."""
        self.lose(*self.file.append(cells))

    def lose(self, rows, why):
        """So many rows are not in the file."""
        self.dropped += rows
        if why:
            self.error = why

    def forget(self, offset):
        """After a fork: what the parent had waiting is the parent's to write. offset: the recorder's now."""
        # The parent's writer thread may have held it.
        self._taking = threading.Lock()
        self.cells.clear()
        self.dropped = 0
        self.file.forget(offset)


def _adder(table, most):
    """A table's add(): a function is called faster than a method that looks for what it needs."""
    cells, extend = table.cells, table.cells.extend

    def add(row):
        if len(cells) < most:
            extend(row)
        else:
            table.dropped += 1

    return add
