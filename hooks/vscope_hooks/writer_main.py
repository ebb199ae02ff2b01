"""The process that writes the rows of a process of vLLM: it makes text of them in vLLM's stead.

Standard input and output are a socket to that process. It imports nothing of vLLM, and ends when the other
end is closed, whatever way that process has ended; what was sent by then is written.
"""

import marshal
import signal
import struct

from .csv_file import CsvFile

LENGTH = struct.Struct("=Q")
READY = b"+"


def main():
    # Ctrl-C and the like are for everyone in a terminal; our end follows vLLM's.
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    files = {}
    try:
        with open(0, "rb") as given, open(1, "wb", buffering=0) as answers:
            answers.write(READY)
            while True:
                parts = message(given.read)
                if parts is None:
                    return
                answers.write(framed(pack([_answer(files, *marshal.loads(part)) for part in parts])))
    except OSError:
        # Nobody hears the answer any more.
        pass


def pack(value):
    """A value for the other process. Raises ValueError for what marshal does not know."""
    return marshal.dumps(value, 2)


def framed(data):
    """A message: bytes with their length in front."""
    return LENGTH.pack(len(data)) + data


def message(read):
    """The value of the next message; None at the end. read(n) gives n bytes, less at the end only."""
    head = read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = read(length)
    return marshal.loads(data) if len(data) == length else None


def _answer(files, number, new, written, cells):
    """What became of the rows of a table: (rows lost, why, rows in the file); None where we cannot write them.

    new: what the file is, of one that is named for the first time. written: rows in it, None where we know best.
    """
    try:
        if new:
            files[number] = CsvFile.of(*new)
        file = files[number]
        if bytes in set(map(type, cells)):
            # So marshal takes NumPy's numbers.
            return None
        if written is not None:
            file.written = written
        return (*file.append(cells), file.written)
    except Exception:
        return None
