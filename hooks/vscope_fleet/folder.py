"""What the processes of one node have recorded since it was looked at last."""

import os
import shutil

# Tables only grow; every other file is replaced as a whole.
GROWS = ".csv"


class NodeFolder:
    """The session's folder of one node."""

    def __init__(self, path):
        self.path = path
        self._at = {}
        self._seen = {}

    def news(self, most, last):
        """Lists of (path below `processes`, bytes, offset or None where the file is whole), of some `most` bytes.

        last: also what is not a whole line yet.
        """
        found = []
        for path in self._files():
            if most <= 0:
                break
            try:
                news = self._grown(path, most, last) if path.endswith(GROWS) else self._replaced(path)
            except OSError:
                # It was replaced, or removed, while we looked.
                continue
            if news:
                found.append(news)
                most -= len(news[1])
        return found

    def clear(self):
        """Removes the folder: all of it is home."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _files(self):
        root = os.path.join(self.path, "processes")
        for process in _names(root):
            for name in _names(os.path.join(root, process)):
                if not name.endswith(".tmp"):
                    yield "%s/%s" % (process, name)

    def _grown(self, path, most, last):
        at = self._at.get(path, 0)
        with open(self._full(path), "rb") as handle:
            handle.seek(at)
            data = handle.read(most)
        if not (last and len(data) < most):
            data = data[: data.rfind(b"\n") + 1] or (data if len(data) == most else b"")
        if not data:
            return None
        self._at[path] = at + len(data)
        return path, data, at

    def _replaced(self, path):
        found = os.stat(self._full(path))
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if self._seen.get(path) == stamp:
            return None
        with open(self._full(path), "rb") as handle:
            data = handle.read()
        self._seen[path] = stamp
        return path, data, None

    def _full(self, path):
        return os.path.join(self.path, "processes", path)


def _names(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
