"""Usage: unpack.py WHEEL FOLDER. Unpacks what the probe reads of a vLLM wheel.

That is vLLM's Python and the dist-info: some 40 MB of a gigabyte.
"""

import sys
import zipfile


def is_read(name):
    top, _, rest = name.partition("/")
    return top.endswith(".dist-info") or (top == "vllm" and rest.endswith(".py"))


def main(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if is_read(name)])


main(*sys.argv[1:])
