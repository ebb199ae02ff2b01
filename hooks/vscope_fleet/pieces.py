"""Lines of bounded length that bring files home through a log, as kit/fleet/pieces.ts reads them."""

import base64
import json
import zlib

# In characters. A line stays below 64 KiB, and its text below what is unpacked at home, whatever it is.
LENGTH = 10_000


class PieceWriter:
    """Numbers pieces, and writes each as a line."""

    def __init__(self, write):
        self._write = write
        self._number = 0
        # Characters of all lines so far.
        self.written = 0

    def document(self, name, value, version):
        """A small document that replaces the one of that name."""
        self.whole(name, json.dumps(value).encode(), version)

    def whole(self, path, data, version):
        """A file that is replaced as a whole."""
        self._file(path, data, 0, {"version": version, "bytes": len(data)})

    def appended(self, path, data, at):
        """Bytes of a file that only grows, and where they belong."""
        self._file(path, data, at, {})

    def _file(self, path, data, at, more):
        text = _text(data)
        kind = {} if text is not None else {"base64": True}
        # Bytes that are no text go as the text of their base64, cut where three bytes end.
        step = LENGTH if text is not None else LENGTH * 3 // 4 // 3 * 3
        source = text if text is not None else data
        for start in range(0, max(1, len(source)), step):
            part = source[start : start + step]
            raw = part.encode() if text is not None else part
            header = {"path": path, "at": at, **kind, **more}
            body = part if text is not None else base64.b64encode(part).decode()
            self._piece(json.dumps(header) + "\n" + body)
            at += len(raw)

    def _piece(self, text):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = base64.b64encode(deflate.compress(text.encode()) + deflate.flush()).decode()
        check = zlib.crc32(("%d file %s" % (self._number, text)).encode())
        line = "vscope-piece %d file %08x %s\n" % (self._number, check, packed)
        self._number += 1
        self.written += len(line)
        self._write(line)


def _text(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
