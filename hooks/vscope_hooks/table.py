"""A table of one process: rows wait in bounded memory until they are written."""

from .csv_file import CsvFile

# At about 200 bytes a row this bounds what a stalled disk can cost to some 13 MB per table.
LIMIT = 65536


class Table:
    """Rows on their way to a CSV file; `more` as CsvFile takes it.

    add(row) takes a row (a tuple in the order of the columns), and counts it as dropped when full.
    """

    def __init__(self, folder, name, columns, limit=LIMIT, **more):
        self.name = name
        self.file = CsvFile(folder, name, columns, **more)
        # Cells of the rows that wait. Without an object per row they cost a third, and Python's
        # collector has nothing to look through.
        self.cells = []
        self.width = len(columns)
        self.add = _adder(self, limit * self.width)
        self.dropped = 0
        self.error = None

    def take(self):
        """The cells that wait, which wait no longer."""
        cells = self.cells[: len(self.cells) // self.width * self.width]
        del self.cells[: len(cells)]
        return cells

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
