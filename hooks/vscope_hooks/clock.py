"""One clock for all processes of a session.

Rows carry seconds since the session began. The first process takes them from the wall clock; those
that it starts take over its reckoning, because the wall clock may have been set in between.
time.perf_counter() is the same clock in all processes of a machine until it is started anew.
"""

import os
import time

# Machine, session's start and offset of the process that was first.
VARIABLE = "VSCOPE_SESSION_CLOCK"


def clock_offset(session_start):
    """What time.perf_counter() lacks to the seconds since the session's start (epoch seconds)."""
    machine = _machine()
    key = "%s %r" % (machine, session_start)
    known, _, offset = os.environ.get(VARIABLE, "").rpartition(" ")
    if machine and known == key:
        try:
            return float(offset)
        except ValueError:
            pass
    found = time.time() - session_start - time.perf_counter()
    if machine:
        os.environ[VARIABLE] = "%s %r" % (key, found)
    return found


def _machine():
    """Names this start of this machine; None where the system does not tell."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as handle:
            return handle.read().strip()
    except OSError:
        return None
