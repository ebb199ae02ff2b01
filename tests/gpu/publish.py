"""Usage: publish.py BUNDLE DEST. Copies a sweep or a session to where it is published.

Of a sweep it leaves out what only going on with it needs: its journal, its logs, and of the sessions with steps of the
whole model what lies below processes. Of a session it leaves out what vLLM printed, and what only merging needs. The
report is made anew ($VSCOPE, or `vscope` on PATH), and the manifest tells of the files that are left.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

NOT_OF_A_SWEEP = {"journal.log", "logs", "processes", "metadata.json"}
NOT_OF_A_SESSION = {"logs", "losses.json"}


def seal(folder):
    """Has a manifest tell of the files that are there."""
    path = os.path.join(folder, "bundle.json")
    with open(path) as file:
        manifest = json.load(file)
    kept = []
    for artifact in manifest["artifacts"]:
        file = os.path.join(folder, artifact["path"])
        if not os.path.exists(file):
            continue
        with open(file, "rb") as content:
            data = content.read()
        kept.append({**artifact, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    manifest["artifacts"] = kept
    with open(path, "w") as file:
        json.dump(manifest, file, indent=2, ensure_ascii=False)
        file.write("\n")


def main(bundle, dest):
    is_sweep = os.path.exists(os.path.join(bundle, "meta.yaml"))
    left_out = NOT_OF_A_SWEEP if is_sweep else NOT_OF_A_SESSION
    if os.path.exists(dest):
        shutil.rmtree(dest)
    shutil.copytree(bundle, dest, ignore=lambda _, names: left_out & set(names))
    vscope = os.environ.get("VSCOPE", "vscope")
    # Sessions within first: the sweep's manifest has the sums of theirs.
    for folder, _, names in os.walk(dest, topdown=False):
        if "bundle.json" in names:
            seal(folder)
    subprocess.run([vscope, "report", dest], check=True, stdout=subprocess.DEVNULL)
    for check in ("validate", "lint") if is_sweep else ("validate",):
        subprocess.run([vscope, "bundle", check, dest], check=True)


main(*sys.argv[1:])
