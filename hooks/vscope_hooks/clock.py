"""One clock for all processes of a session.

Rows carry seconds since the session began. The first process takes them from the wall clock; those
that it starts take over its reckoning, because the wall clock may have been set in between. On another node
of a cluster a file says by how much the wall clock there is ahead of the driver's.
time.perf_counter() is the same clock in all processes of a machine until it is started anew.
"""

import json
import os
import time

# Machine, session's start and offset of the process that was first.
VARIABLE = "VSCOPE_SESSION_CLOCK"


def clock_offset(session_start, session=""):
    """What time.perf_counter() lacks to the seconds since the session's start (epoch seconds)."""
    machine = _machine()
    key = "%s %r" % (machine, session_start)
    known, _, offset = os.environ.get(VARIABLE, "").rpartition(" ")
    if machine and known == key:
        try:
            return float(offset)
        except ValueError:
            pass
    found = time.time() - _ahead(session) - session_start - time.perf_counter()
    if machine:
        os.environ[VARIABLE] = "%s %r" % (key, found)
    return found


def _ahead(session):
    """Seconds that this node's wall clock is ahead of the session's, where that was measured."""
    try:
        with open(os.path.join(session, "clock.json"), encoding="utf-8") as handle:
            return float(json.load(handle)["offset_sec"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def _machine():
    """Names this start of this machine; None where the system does not tell."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as handle:
            return handle.read().strip()
    except OSError:
        return None
