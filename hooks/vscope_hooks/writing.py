"""Who makes text of rows: where they are many, a process of our own, so that vLLM's interpreter need not."""

from .writer_process import Unsent, WriterProcess

# Rows at a time from which on a process is worth its 16 MB: less take a fraction of a millisecond here.
MANY = 100
# So many rows are handed over in one operation, during which no other thread of the process runs (half a
# millisecond): after a disk has stalled there are more.
TOGETHER = 2000


class Writing:
    """Writes the rows of this process's tables; without a process, which may fail in any way, here."""

    def __init__(self):
        self._process = None
        self._may_start = True
        # Tables whose cells are no plain values, as NumPy's are: only we can make text of them.
        self._ours = set()

    def start_where_many(self, tables):
        """Starts the process once that is worth it. Until it has come up, rows are written here."""
        if self._may_start and sum(len(table.cells) // table.width for table in tables) >= MANY:
            self._may_start = False
            try:
                self._process = WriterProcess()
            except Exception:
                pass

    def write(self, tables):
        """Writes all rows that wait, and returns when that is done."""
        waiting = [(table, table.take()) for table in tables if table.cells]
        try:
            if self._process is not None and self._process.ready():
                waiting = self._elsewhere(waiting)
        except Exception:
            # Gone, and without these rows.
            self.close()
        for table, cells in waiting:
            table.write(cells)

    def _elsewhere(self, waiting):
        """Has rows written by the process; returns those that are left."""
        left, sent, parts = [], [], []
        for table, cells in waiting:
            try:
                if table.name in self._ours:
                    raise ValueError
                size = TOGETHER * table.width
                pieces = [cells[n : n + size] for n in range(0, len(cells), size)]
                parts += [self._process.pack(table, piece, n == 0) for n, piece in enumerate(pieces)]
                sent += [(table, piece) for piece in pieces]
            except ValueError:
                self._ours.add(table.name)
                left.append((table, cells))
        try:
            answers = self._process.write(parts) if parts else ()
        except Unsent:
            raise
        except Exception:
            # It may have written some of them before its end: they are counted, once, as lost.
            self.close()
            for table, cells in sent:
                table.lose(len(cells) // table.width, "the process that writes rows was ended")
            return left
        for (table, cells), answer in zip(sent, answers):
            if answer is None:
                self._ours.add(table.name)
                left.append((table, cells))
            else:
                lost, why, table.file.written = answer
                table.lose(lost, why)
                table.file.let_go()
        return left

    def forget(self):
        """After a fork: the process is the parent's."""
        process, self._process, self._may_start = self._process, None, True
        if process is not None:
            process.forget()

    def close(self):
        """From now on rows are written here."""
        process, self._process, self._may_start = self._process, None, False
        if process is not None:
            process.close()
