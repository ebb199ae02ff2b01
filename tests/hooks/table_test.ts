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
table = Table(sys.argv[1], "t", ("a", "b_sec"), limit=2)
for row in range(5):
    table.add((row, 0.123456789))
table.write(table.take())
print(open(sys.argv[1] + "/t.csv").read(), table.dropped)`);
  assert.equal(printed, "a,b_sec\n0,0.123457\n1,0.123457\n 3\n");
});

Deno.test("rows that were put without a look at the limit are cut to it, and what is dropped is counted", async () => {
  const printed = await run(`
import sys, threading, time
from vscope_hooks.table import Table
table = Table(sys.argv[1], "t", ("a", "b"), limit=2)
for row in range(5):
    table.put((row, "x"))
table.keep_limit()
print(table.cells, table.dropped)
table.keep_limit()
print(table.dropped, table.take())
# Another thread takes rows meanwhile: each is taken or counted as dropped, and nobody waits.
table, taken, over = Table(sys.argv[1], "u", ("a",), limit=50), [], []
def take():
    while not over:
        taken.extend(table.take())
thread = threading.Thread(target=take)
thread.start()
for row in range(200_000):
    table.put((row,))
    if row % 64 == 0:
        table.keep_limit()
over.append(True)
thread.join()
taken.extend(table.take())
print(len(taken) == len(set(taken)), len(taken) + table.dropped)`);
  assert.equal(printed, "[0, 'x', 1, 'x'] 3\n3 [0, 'x', 1, 'x']\nTrue 200000\n");
});

Deno.test("rows written together read as the csv module writes them, whatever is in a cell", async () => {
  const printed = await run(`
import csv, random, sys
from vscope_hooks.table import Table
columns = ("name", "at_sec", "count", "share_pct", "word")
rng = random.Random(5)
words = ["plain", "a,b", 'say "x"', "two\\nlines", "", None, "%s %d", "é", "100%"]
for trial in range(300):
    table = Table(sys.argv[1], "t%d" % trial, columns)
    spoilt = rng.random() < 0.5
    rows = []
    for n in range(rng.choice((1, 3, 499, 500, 501, 1200)) if trial < 12 else rng.randint(1, 9)):
        word = rng.choice(words) if spoilt else "plain"
        at = rng.choice((None, 7, 1e-9, rng.random())) if spoilt else rng.random() * 1e5
        rows.append((word, at, rng.choice((None, 0, -3, 10**15)), rng.random(), word))
        table.add(rows[-1])
    table.write(table.take())
    with open("%s/t%d.csv" % (sys.argv[1], trial), encoding="utf-8", newline="") as handle:
        header, *read = csv.reader(handle)
    def same(cell, text):
        if type(cell) is float: return abs(float(text) - cell) <= 6e-7
        return text == ("" if cell is None else str(cell)) or (cell == 7 and float(text) == 7)
    assert header == list(columns), header
    assert len(read) == len(rows), (len(read), len(rows))
    for row, texts in zip(rows, read):
        assert len(texts) == 5 and all(map(same, row, texts)), (row, texts)
print("same")`);
  assert.equal(printed, "same\n");
});

Deno.test("a table completes the cells of its rows when it writes them, and a failure there counts them", async () => {
  const printed = await run(`
import sys
from vscope_hooks.table import Table
def complete(cells):
    cells[0::2] = [cell * 2 for cell in cells[0::2]]
table = Table(sys.argv[1], "t", ("a", "b"), complete=complete)
for row in range(600):
    table.add((row, None if row % 2 else "x"))
table.write(table.take())
lines = open(sys.argv[1] + "/t.csv").read().split()
print(lines[1:4], lines[-1], len(lines))
table.add((None, 1)); table.add((1, 1))
table.write(table.take())
print(table.dropped, table.error.split(":")[0], len(table.cells))`);
  assert.equal(printed, "['0,x', '2,', '4,x'] 1198, 601\n2 TypeError 0\n");
});

Deno.test("rows that the disk refuses are counted as dropped, with the reason", async () => {
  const printed = await run(`
import sys
from vscope_hooks.table import Table
open(sys.argv[1] + "/file", "w").close()
table = Table(sys.argv[1] + "/file", "t", ("a",))
table.add((1,))
table.write(table.take())
print(table.dropped, table.error.split(":")[0])`);
  assert.equal(printed, "1 FileExistsError\n");
});

Deno.test("a disk that fills in the middle of a row leaves whole rows only, before and after", async () => {
  const printed = await run(`
import resource, signal, sys
from vscope_hooks.table import Table
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
table = Table(sys.argv[1], "t", ("a",))
def write(rows, limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for row in rows:
        table.add(("%06d" % row,))
    table.write(table.take())
write([1, 2], 100)
write(range(3, 50), 100)
write([50], resource.RLIM_INFINITY)
print(open(sys.argv[1] + "/t.csv").read().split(), table.dropped, table.error.split(":")[0])`);
  assert.equal(printed, "['a', '000001', '000002', '000050'] 47 OSError\n");
});

Deno.test("a folder removed under a session is made anew; the rows that went with it are dropped rows", async () => {
  const printed = await run(`
import glob, json, shutil, sys
from vscope_hooks.recorder import Recorder
recorder = Recorder(True)
table = recorder.table("rows", ("n",))
for n in range(5):
    table.add((n,))
recorder.flush()
shutil.rmtree(recorder.session)
table.add((5,))
recorder.flush()
recorder.close()
[path] = glob.glob(sys.argv[1] + "/session_*/processes/*/rows.csv")
record = json.load(open(path.replace("rows.csv", "process.json")))
print(open(path).read().split(), record["dropped"], record["errors"])`);
  assert.equal(
    printed,
    "['n', '5'] {'rows': 5} ['rows.csv was removed while it was written']\n",
  );
});

Deno.test("a clock that is set between the starts of two processes does not part their rows", async () => {
  const printed = await run(`
import os, subprocess, sys, time
from vscope_hooks.recorder import Recorder
recorder = Recorder(True)
before = recorder.seconds()
# An hour ahead, in the child and from now on.
child = subprocess.run([sys.executable, "-c", """
import time
real = time.time
time.time = lambda: real() + 3600
from vscope_hooks.recorder import Recorder
print(Recorder(True).seconds())
"""], capture_output=True, text=True, check=True)
inner = float(child.stdout)
real = time.time
time.time = lambda: real() - 3600
after = recorder.seconds()
print(before < inner < after, after - before < 60)`);
  assert.equal(printed, "True True\n");
});

Deno.test("SIGKILL loses nothing that was written before, and leaves no half row", async () => {
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
def lines_now():
    paths = glob.glob(sys.argv[1] + "/session_*/processes/*/beats.csv")
    return open(paths[0]).read().count("\\n") if paths else 0
end = time.monotonic() + 300
while lines_now() <= 100 and time.monotonic() < end:
    time.sleep(0.05)
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

Deno.test("what a full disk drops is noted in room that was taken before, until the record can be written", async () => {
  const printed = await run(`
import glob, json, os, sys
from vscope_hooks import recorder as module
recorder = module.Recorder(True)
table = recorder.table("rows", ("n",))
real = module.write_json
def full(*_):
    raise OSError(28, "No space left on device")
module.write_json = full
table.dropped = 7
recorder.flush()
[path] = glob.glob(sys.argv[1] + "/session_*/processes/*/losses.json")
print(json.load(open(path)), os.path.getsize(path))
module.write_json = real
recorder.flush()
print(open(path).read().strip() == "", json.load(open(path.replace("losses", "process")))["dropped"])
recorder.close()`);
  assert.equal(
    printed,
    "{'dropped': {'rows': 7}, 'errors': [], 'ended_sec': None} 4096\nTrue {'rows': 7}\n",
  );
});
