"""Fetches a program (uv, Deno) where there is no pip: fetch_program.py LIST FOLDER

LIST names one package, its version and the SHA-256 of its wheels, as pip reads them. The wheel for this
machine is taken from the index (PIP_INDEX_URL, or PyPI), compared with the list, and its program, which
has the package's name, put into FOLDER/bin. Prints a line of JSON: the path, or what is in the way.
"""

import hashlib
import io
import json
import os
import platform
import re
import sys
import urllib.parse
import urllib.request
import zipfile

PATIENCE_S = 60


def read(url, accept="*/*"):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return answer.read()


def fits(name):
    """Whether a wheel is for this machine."""
    machine = platform.machine().lower()
    if sys.platform == "darwin":
        return "macosx" in name and machine in name
    musl = platform.libc_ver()[0] != "glibc"
    return ("musllinux" if musl else "manylinux") in name and "_%s." % machine in name


def fetch(listed, folder):
    name, version = re.search(r"^([\w-]+)==(\S+)", listed, re.M).groups()
    known = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", listed))
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    index += "/%s/" % name
    page = json.loads(read(index, "application/vnd.pypi.simple.v1+json"))
    wheels = [
        urllib.parse.urljoin(index, file["url"])
        for file in page["files"]
        if file["filename"].startswith("%s-%s-" % (name, version))
        and fits(file["filename"])
        and file["hashes"].get("sha256") in known
    ]
    if not wheels:
        raise LookupError("%s has no %s %s for this machine" % (index, name, version))
    data = read(wheels[0])
    if hashlib.sha256(data).hexdigest() not in known:
        raise ValueError("%s is not what the locked list says" % wheels[0])
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        ending = ".data/scripts/" + name
        [inside] = [path for path in wheel.namelist() if path.endswith(ending)]
        program = wheel.read(inside)
    target = os.path.join(folder, "bin", name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target + ".part", "wb") as out:
        out.write(program)
    os.chmod(target + ".part", 0o755)
    os.replace(target + ".part", target)
    return target


try:
    with open(sys.argv[1], encoding="utf-8") as handle:
        print(json.dumps({"path": fetch(handle.read(), sys.argv[2])}))
except Exception as error:
    print(json.dumps({"error": "%s: %s" % (type(error).__name__, error)}))
