"""Gives this Python libnuma, which vLLM's CPU build needs, where the machine has none: add_numa.py URL SHA256

The library is taken from Debian's package at URL, which has to have that checksum, put into this Python's own
lib folder, and loaded whenever this Python starts. Nothing else of the machine changes. Prints a line of
JSON: where it is (null: the machine has it), or what is in the way.
"""

import ctypes
import hashlib
import io
import json
import os
import sys
import sysconfig
import tarfile
import urllib.request

NAME = "libnuma.so.1"
PATIENCE_S = 60


def is_there():
    try:
        ctypes.CDLL(NAME)
        return True
    except OSError:
        return False


def members(archive):
    """Names and contents of an `ar` archive, which a Debian package is."""
    at = 8
    while at < len(archive):
        header = archive[at : at + 60]
        length = int(header[48:58])
        yield header[:16].decode().strip(" /"), archive[at + 60 : at + 60 + length]
        at += 60 + length + length % 2


def library(package):
    [data] = [body for name, body in members(package) if name.startswith("data.tar")]
    with tarfile.open(fileobj=io.BytesIO(data)) as files:
        [found] = [one for one in files if one.isfile() and "/%s." % NAME in one.name]
        return files.extractfile(found).read()


def add(url, sha256):
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        package = answer.read()
    if hashlib.sha256(package).hexdigest() != sha256:
        raise ValueError("%s is not what vscope was built with" % url)
    path = os.path.join(sys.prefix, "lib", NAME)
    with open(path + ".part", "wb") as out:
        out.write(library(package))
    os.replace(path + ".part", path)
    ctypes.CDLL(path)
    # A library that is loaded is found by its name when another needs it.
    start = os.path.join(sysconfig.get_path("purelib"), "libnuma.pth")
    with open(start, "w", encoding="utf-8") as out:
        out.write("import ctypes; ctypes.CDLL(%r)\n" % path)
    return path


try:
    print(json.dumps({"path": None if is_there() else add(*sys.argv[1:3])}))
except Exception as error:
    print(json.dumps({"error": "%s: %s" % (type(error).__name__, error)}))
