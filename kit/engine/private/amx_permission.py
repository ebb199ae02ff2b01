"""Asks Linux for the tiles of Intel's AMX, in each process of the private vLLM.

vLLM's attention on a CPU uses tiles wherever the CPU has them. Linux lets a process do so only once it has
asked (arch_prctl(2), Documentation/arch/x86/xstate.rst), and ends it by SIGILL otherwise. vLLM leaves the asking
to oneDNN, which asks with the first large product; a tiny model has none. vLLM calls this as a plugin of the group
`vllm.general_plugins`, before it makes a worker.
"""

import ctypes
import platform
import sys

SYS_ARCH_PRCTL = 158
ARCH_REQ_XCOMP_PERM = 0x1023
XFEATURE_XTILEDATA = 18


def ask():
    """Where there is no AMX, or a kernel that knows nothing of it, the answer is no, and nothing changes."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        ctypes.CDLL(None).syscall(SYS_ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)
