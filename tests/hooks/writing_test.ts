import assert from "node:assert/strict";
import { inFolder } from "../folders.ts";
import { python } from "./python.ts";

/** Where /proc tells of processes, and limits can be set of others. */
const linuxOnly = { ignore: Deno.build.os !== "linux" };

/** A recorder whose writer thread rests, so that a test says when rows are written; `tick()` until by the process. */
const START = `
import glob, json, os, resource, shutil, signal, subprocess, sys, time
from vscope_hooks.recorder import Recorder
def started(*tables):
    recorder = Recorder(True)
    recorder._wake.set()
    recorder._thread.join()
    made = [recorder.table(name, ("n", "what"), limit=1000) for name in tables]
    for n in range(100):
        made[0].add((n, "first"))
    end = time.monotonic() + 60
    recorder._tick()
    while not recorder._writing._process.ready():
        assert time.monotonic() < end
        time.sleep(0.01)
    return recorder, recorder._writing._process._process, made
def rows(name):
    [path] = glob.glob(sys.argv[1] + "/session_*/processes/*/%s.csv" % name)
    return open(path, newline="").read().splitlines()[1:]
`;

async function run(code: string): Promise<string> {
  return await inFolder(async (dir) => {
    const ran = await python(START + code, { VLLM_PROFILING_DIR: dir }, [dir]);
    assert.equal(ran.stderr, "");
    return ran.stdout;
  });
}

Deno.test("the process writes what this one would write, to the last character, whatever is in a cell", async () => {
  const printed = await run(`
import random
from vscope_hooks.profilers import cpu_operations
columns = ("name", "at_sec", "count", "share_pct", "word")
rng = random.Random(5)
words = ["plain", "a,b", 'say "x"', "two\\nlines", "", None, "%s %d", "é", "\\udc80", True]
recorder, process, _ = started("t")
expected = {}
for turn in range(40):
    for kind in ("process", "here"):
        rng.seed(turn)
        spoilt = turn % 2
        plain = recorder.table("plain-" + kind, columns)
        timed = recorder.timeline("timed-" + kind, cpu_operations.COLUMNS, cpu_operations.complete)
        # More than are handed over together.
        for n in range(5001 if turn == 4 else rng.choice((1, 3, 499, 501))):
            word = rng.choice(words) if spoilt else "plain"
            at = rng.choice((None, 7, float("nan"), rng.random())) if spoilt else rng.random() * 1e5
            plain.add((word, at, rng.choice((None, 0, 10**25)), rng.random(), word))
            timed.add((rng.random(), "sampling", rng.random(), rng.choice((None, n)), 0))
        if kind == "here":
            plain.write(plain.take())
            timed.write(timed.take())
        else:
            recorder.flush()
for name in ("plain", "timed"):
    a, b = rows(name + "-process"), rows(name + "-here")
    print(len(a) > 1000 and a == b)
print(recorder._writing._ours, sum(recorder._dropped().values()), process.poll())`);
  assert.equal(printed, "True\nTrue\nset() 0 None\n");
});

Deno.test("few rows start no process", async () => {
  const printed = await run(`
recorder = Recorder(True)
table = recorder.table("t", ("n", "what"))
for n in range(99):
    table.add((n, "few"))
recorder._wake.set()
recorder._thread.join()
recorder._tick()
print(recorder._writing._process, len(rows("t")))`);
  assert.equal(printed, "None 99\n");
});

Deno.test("a process that is killed costs no row that was not under way: the next are written here", async () => {
  const printed = await run(`
# As a program has it that is made for pipes: a peer that is gone would end it.
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
recorder, process, (table,) = started("t")
table.add((100, "by the process"))
recorder.flush()
process.kill()
process.wait()
table.add((101, "here"))
recorder.flush()
table.add((102, "here"))
recorder.close()
print(len(rows("t")), rows("t")[-3:], recorder._dropped(), recorder._errors())`);
  assert.equal(
    printed,
    "103 ['100,by the process', '101,here', '102,here'] {'t': 0} []\n",
  );
});

Deno.test("rows under way to a process that is killed are counted as dropped, and later ones written here", async () => {
  const printed = await run(`
import threading
recorder, process, (table,) = started("t")
process.send_signal(signal.SIGSTOP)
table.add((100, "under way"))
flush = threading.Thread(target=recorder.flush)
flush.start()
while table.cells:
    time.sleep(0.01)
table.add((101, "waits"))
time.sleep(0.2)
process.kill()
flush.join()
recorder.close()
print(rows("t")[-1], recorder._dropped(), recorder._errors())`);
  assert.equal(
    printed,
    "101,waits {'t': 1} ['the process that writes rows was ended']\n",
  );
});

Deno.test("Python that cannot be started, or does not come up, costs nothing but time here", async () => {
  const printed = await run(`
for program in ("", "/nowhere/python3", "/bin/false"):
    sys.executable = program
    recorder = Recorder(True)
    recorder._wake.set()
    recorder._thread.join()
    table = recorder.table("t", ("n", "what"))
    for turn in range(5):
        for n in range(200):
            table.add((n, "here"))
        recorder._tick()
        time.sleep(0.05)
    print(recorder._writing._process, table.dropped, table.error)
    recorder.close()
print(len(rows("t")))`);
  assert.equal(printed, "None 0 None\nNone 0 None\nNone 0 None\n3000\n");
});

Deno.test("Ctrl-C and SIGTERM are for vLLM: the process goes on until vLLM has ended", async () => {
  const printed = await run(`
recorder, process, (table,) = started("t")
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    process.send_signal(number)
time.sleep(0.2)
table.add((100, "after"))
recorder.flush()
print(process.poll(), rows("t")[-1])
recorder.close()
print(process.poll())`);
  assert.equal(printed, "None 100,after\n0\n");
});

Deno.test(
  "vLLM killed with SIGKILL takes the process with it, and what was under way is written",
  linuxOnly,
  async () => {
    const printed = await run(`
if len(sys.argv) > 2:
    recorder, process, (table,) = started("t")
    print(process.pid, flush=True)
    for n in range(100, 150):
        table.add((n, "last"))
    # It is killed while the process has yet to begin.
    process.send_signal(signal.SIGSTOP)
    recorder.flush()
here = open("/proc/self/cmdline").read().split("\\0")
child = subprocess.Popen([sys.executable, "-c", here[2], sys.argv[1], "child"], stdout=subprocess.PIPE, text=True)
writer = int(child.stdout.readline())
time.sleep(0.5)
child.kill()
child.wait()
os.kill(writer, signal.SIGCONT)
end = time.monotonic() + 60
def alive():
    try:
        return "zombie" not in open("/proc/%d/status" % writer).read()
    except OSError:
        return False
while alive() and time.monotonic() < end:
    time.sleep(0.01)
print(alive(), len(rows("t")), rows("t")[-1])`);
    assert.equal(printed, "False 150 149,last\n");
  },
);

Deno.test("a forked child keeps no hold of its parent's process, and may have one of its own", async () => {
  const printed = await run(`
recorder, process, (table,) = started("t")
child = os.fork()
if child == 0:
    # Longer than its parent's.
    time.sleep(1)
    for n in range(300):
        table.add((n, "child"))
    recorder._tick()
    own = recorder._writing._process is not None
    recorder.close()
    os._exit(0 if own else 1)
table.add((100, "parent"))
recorder.close()
print(process.poll())
_, status = os.waitpid(child, 0)
paths = glob.glob(sys.argv[1] + "/session_*/processes/*/t.csv")
print(status, sorted(len(open(path).read().splitlines()) for path in paths))`);
  assert.equal(printed, "0\n0 [102, 301]\n");
});

Deno.test("cells that are no plain values are written here, as they always were", async () => {
  const printed = await run(`
class Number:
    def __str__(self):
        return "seven"
recorder, process, (table, other, third) = started("t", "other", "third")
other.add((Number(), "object"))
# As NumPy's numbers are, it is a row of bytes to marshal.
third.add((bytearray(b"x"), "bytes"))
table.add((100, "plain"))
recorder.flush()
other.add((1, "next"))
recorder.flush()
print(rows("other"), rows("third"), rows("t")[-1], sorted(recorder._writing._ours))
print(recorder._dropped(), recorder._errors(), process.poll())`);
  assert.equal(
    printed,
    "['seven,object', '1,next'] [\"bytearray(b'x'),bytes\"] 100,plain ['other', 'third']\n" +
      "{'t': 0, 'other': 0, 'third': 0} [] None\n",
  );
});

Deno.test(
  "what a full disk or a removed folder costs under the process is told as ever",
  linuxOnly,
  async () => {
    const printed = await run(`
recorder, process, (table,) = started("t")
recorder.flush()
[path] = glob.glob(sys.argv[1] + "/session_*/processes/*/t.csv")
size = os.path.getsize(path)
def limit(most):
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
table.add((100, "fits"))
recorder.flush()
limit(size + 15)
for n in range(101, 105):
    table.add((n, "too much"))
recorder.flush()
limit(resource.RLIM_INFINITY)
table.add((105, "again"))
recorder.flush()
print(rows("t")[99:], recorder._dropped(), recorder._errors()[0][:20])
shutil.rmtree(recorder.session)
table.add((106, "anew"))
recorder.flush()
print(rows("t"), recorder._dropped(), recorder._errors())
process.kill()
process.wait()
shutil.rmtree(recorder.session)
table.add((107, "and here"))
recorder.flush()
print(rows("t"), recorder._dropped())`);
    assert.equal(
      printed,
      "['99,first', '100,fits', '105,again'] {'t': 4} OSError: [Errno 27] \n" +
        "['106,anew'] {'t': 106} ['t.csv was removed while it was written']\n" +
        "['107,and here'] {'t': 107}\n",
    );
  },
);
