"""Our end of the process that makes text of rows (writer_main.py)."""

import os
import socket
import subprocess
import sys

from .writer_main import READY, framed, message, pack

_MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from vscope_hooks.writer_main import main; main()"
_PACKAGES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# A peer that is gone must be an error, never a signal: who runs vLLM may have SIGPIPE end it.
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)


class Unsent(OSError):
    """It is gone, and has not been told of the last rows."""


class WriterProcess:
    """One such process. Its making raises OSError where it cannot be started."""

    def __init__(self):
        if not sys.executable or getattr(sys, "frozen", False):
            raise OSError("no Python to start")
        self._socket, theirs = socket.socketpair()
        # Where somebody has set a default timeout they would not wait, at neither end.
        self._socket.setblocking(True)
        theirs.setblocking(True)
        try:
            # Without the environment's modules and site: vLLM's Python may do anything at its start.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", _MAIN, _PACKAGES],
                stdin=theirs,
                stdout=theirs,
                stderr=subprocess.DEVNULL,
            )
        except Exception:
            self._socket.close()
            raise
        finally:
            theirs.close()
        self._ready = False
        # Numbers of the files that it knows, by folder and name.
        self._known = {}

    def ready(self):
        """Whether it has come up. Raises OSError where it will not."""
        if not self._ready:
            try:
                self._ready = self._socket.recv(len(READY), socket.MSG_DONTWAIT) == READY
            except BlockingIOError:
                return False
            if not self._ready:
                raise OSError("it ended as it began")
        return True

    def pack(self, table, cells, first=True):
        """A table's rows as write() takes them; first: of those that are written together.

        Raises ValueError for cells that are no plain values.
        """
        file = table.file
        key = (file.folder, file.name)
        number, new = self._known.get(key), None
        if number is None:
            number, new = len(self._known), file.description()
        part = pack((number, new, file.written if first else None, cells))
        self._known[key] = number
        return part

    def write(self, parts):
        """Has those rows written, and waits for it. Returns what became of each part, as writer_main.py has it.

        Raises Unsent or, where nobody knows what became of them, another error.
        """
        try:
            self._socket.sendall(framed(pack(parts)), _NO_SIGNAL)
        except OSError as error:
            raise Unsent(str(error)) from None
        answer = message(self._received)
        if answer is None:
            raise OSError("it ended")
        return answer

    def _received(self, length):
        parts = []
        while length:
            part = self._socket.recv(length)
            if not part:
                break
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def close(self):
        """It ends, as it does whenever this process ends."""
        self._socket.close()
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            pass

    def forget(self):
        """After a fork: it is the parent's."""
        self._socket.close()
        # Nobody here may wait for it.
        self._process.returncode = 0
