"""Plays a vLLM whose ranks are on nodes 2 and 3: each records passes with the real hooks' recorder, with the
environment that an actor of Ray has there. Arguments: how many passes, and the exit code; no pass means until it is
asked to end."""

import os
import signal
import subprocess
import sys
import time


def worker(rank, passes):
    if rank == 0:
        real = time.time
        time.time = lambda: real() + float(os.environ["FAKE_SKEW_SEC"])
    from vscope_hooks.profilers.forward_pass import COLUMNS
    from vscope_hooks.recorder import Recorder

    recorder = Recorder(False)
    recorder.for_worker = True
    recorder.set_rank(rank)
    recorder.facts(tensor_parallel_size=2)
    recorder.hook("forward_pass", "GPUModelRunner.execute_model", "attached")
    table = recorder.table("forward_pass_timing", COLUMNS)
    step = 0
    while passes == 0 or step < passes:
        step += 1
        row = (recorder.seconds(), step, 1, rank, "decode", 1, 1, 0, 1, "NONE", 1, 1.0, 1.0, 2.0, "host")
        table.add(row)
        time.sleep(0.02)
    recorder.close()


def begin(rank, passes):
    env = dict(os.environ)
    env["VSCOPE_SESSION_DIR"] = os.path.dirname(env["VSCOPE_SESSION_DIR"])
    env["VSCOPE_SESSION_NODES"] = "1"
    env["RAY_RAYLET_PID"] = str(rank + 2)
    env.pop("VSCOPE_SESSION_CLOCK", None)
    return subprocess.Popen([sys.executable, __file__, "worker", str(rank), str(passes)], env=env)


if sys.argv[1] == "worker":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    worker(int(sys.argv[2]), int(sys.argv[3]))
else:
    signal.signal(signal.SIGTERM, lambda *_: None)
    ranks = [begin(rank, int(sys.argv[1])) for rank in range(int(os.environ.get("FAKE_RANKS", "2")))]
    print("the server is up with plugins %s" % os.environ.get("VLLM_PLUGINS"), flush=True)
    for rank in ranks:
        rank.wait()
    sys.exit(int(sys.argv[2]))
