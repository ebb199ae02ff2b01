import assert from "node:assert/strict";
import { inFolder } from "../folders.ts";
import { python } from "./python.ts";

async function run(code: string, env: Record<string, string> = {}): Promise<string> {
  return await inFolder(async (dir) => {
    const ran = await python(code, { VLLM_PROFILING_DIR: dir, ...env }, [dir]);
    assert.equal(ran.stderr, "");
    return ran.stdout;
  });
}

Deno.test("a full table counts what it drops and keeps what it has", async () => {
  const printed = await run(`
import sys
from vscope_hooks.table import Table
table = Table(sys.argv[1], "t", ("a", "b"), limit=2)
for row in range(5):
    table.add((row, 0.123456789))
table.flush()
print(open(sys.argv[1] + "/t.csv").read(), table.dropped)`);
  assert.equal(printed, "a,b\n0,0.123457\n1,0.123457\n 3\n");
});

Deno.test("rows that the disk refuses are counted as dropped, with the reason", async () => {
  const printed = await run(`
import sys
from vscope_hooks.table import Table
table = Table(sys.argv[1] + "/gone", "t", ("a",))
table.add((1,))
table.flush()
print(table.dropped, table.error.split(":")[0])`);
  assert.equal(printed, "1 FileNotFoundError\n");
});

Deno.test("SIGKILL loses at most what was recorded in the last second", async () => {
  const printed = await run(`
import glob, os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", """
import time
from vscope_hooks.recorder import Recorder
recorder = Recorder(True)
table = recorder.table("beats", ("timestamp_sec",))
while True:
    table.add((recorder.seconds(),))
    time.sleep(0.01)
"""])
time.sleep(3)
child.send_signal(signal.SIGKILL)
child.wait()
[path] = glob.glob(sys.argv[1] + "/session_*/processes/*/beats.csv")
lines = open(path).read().split("\\n")
print(lines[0], lines[-1] == "", len(lines) > 100)`);
  assert.equal(printed, "timestamp_sec True True\n");
});

Deno.test("a forked child writes to a folder of its own and repeats nothing of its parent", async () => {
  const printed = await run(`
import glob, os, sys, time
from vscope_hooks.recorder import Recorder
recorder = Recorder(True)
table = recorder.table("rows", ("who",))
table.add(("parent",))
child = os.fork()
if child == 0:
    table.add(("child",))
    recorder.close()
    os._exit(0)
os.waitpid(child, 0)
recorder.close()
paths = sorted(glob.glob(sys.argv[1] + "/session_*/processes/*/rows.csv"))
print(len(paths), sorted(open(path).read().split()[1:] for path in paths))`);
  assert.equal(printed, "2 [['child'], ['parent']]\n");
});
