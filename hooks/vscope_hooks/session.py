"""The session's folder: found, or made by the first process that needs one."""

import json
import os
import platform
import re
import time

DEFAULT_ROOT = "/tmp/vllm_profiling"

TOGGLES = (
    "ENABLE_CUDA_GRAPH_TRACKING",
    "ENABLE_KV_CACHE_TRACKING",
    "ENABLE_MOE_EXPERT_TRACKING",
    "ENABLE_FORWARD_PASS_TIMING",
    "ENABLE_CPU_TIMING",
    "ENABLE_BATCH_UTILIZATION_TRACKING",
    "ENABLE_PREEMPTION_TRACKING",
    "ENABLE_ENCODER_DECODER_TIMING",
)


# A model may lie below a folder, or at an address, that has one in its name.
_TOKEN = re.compile(r"hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|(?<=://)[^/@\s\"]*:[^/@\s\"]+(?=@)")


def enabled(name):
    """Whether a toggle of the environment is on; 0, false and empty mean off, unset means on."""
    return os.environ.get(name, "1").strip().lower() not in ("", "0", "false", "no", "off")


def whole(name, default, least):
    """A whole number of the environment; the default where it is missing or makes no sense."""
    try:
        return max(least, int(os.environ.get(name, "")))
    except ValueError:
        return default


def open_session():
    """Returns (folder, wall-clock start in seconds), making the folder if no process has yet.

    The first process leaves both in its own environment, so that the processes which it spawns
    or forks join the same session.
    """
    folder = os.environ.get("VSCOPE_SESSION_DIR")
    start = os.environ.get("VSCOPE_SESSION_START")
    if folder and start and os.environ.pop("VSCOPE_SESSION_NODES", ""):
        folder = os.environ["VSCOPE_SESSION_DIR"] = node_folder(folder)
    if folder and start:
        return folder, float(start)
    root = os.environ.get("VLLM_PROFILING_DIR") or DEFAULT_ROOT
    os.makedirs(root, exist_ok=True)
    while True:
        now = time.time()
        stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(now))
        folder = os.path.join(root, "session_%s_%d" % (stamp, os.getpid()))
        try:
            os.mkdir(folder)
            break
        except FileExistsError:
            # Two containers share the folder, and both of us are process 1.
            time.sleep(0.1)
    _write_metadata(folder, now)
    os.environ["VSCOPE_SESSION_DIR"] = folder
    os.environ["VSCOPE_SESSION_START"] = repr(now)
    return folder, now


def node_folder(session):
    """The part of a session that belongs to this node of a Ray cluster: nodes may share a disk."""
    return os.path.join(session, "%s-%s" % (platform.node(), os.environ.get("RAY_RAYLET_PID", "0")))


def _write_metadata(folder, now):
    metadata = {
        "session_id": os.path.basename(folder).replace("session_", "", 1),
        "start_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "start_epoch_sec": now,
        "output_dir": folder,
    }
    for name in TOGGLES:
        metadata[name.lower()] = enabled(name)
    metadata["cuda_events_enabled"] = enabled("USE_CUDA_EVENTS")
    metadata["log_interval"] = whole("VLLM_PROFILING_LOG_INTERVAL", 100, 1)
    write_json(os.path.join(folder, "metadata.json"), metadata)


def write_json(path, value):
    """Writes a JSON file so that a reader sees the old one or the new one, never half of it."""
    temporary = "%s.%d.tmp" % (path, os.getpid())
    try:
        with open(temporary, "w", encoding="utf-8") as handle:
            handle.write(_TOKEN.sub("(secret)", json.dumps(value, indent=1)) + "\n")
        os.replace(temporary, path)
    except OSError:
        # On a full disk what was written of it is in the way.
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
