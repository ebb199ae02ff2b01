import assert from "node:assert/strict";
import { inFolder } from "../folders.ts";
import { python } from "./python.ts";

/** A module to be watched, and a recorder that remembers what hooks became. */
const SETUP = `
import sys, types, json
open(sys.argv[1] + "/engine_part.py", "w").write('''
class Runner:
    def step(self, batch, scale=1):
        """The original."""
        return batch * scale
    def fails(self, batch):
        raise KeyError(batch)
class Fast(Runner):
    pass
''')
sys.path.insert(0, sys.argv[1])
from vscope_hooks.cost import Cost
from vscope_hooks.sites import Watcher, attach
class Recorder:
    def __init__(self):
        self.paused, self.sites, self.ticks, self.status = False, {}, [], {}
        self.muted, self.cost = frozenset(), Cost(None)
    def keep_limits(self): pass
    def hook(self, profiler, symbol, status, reason=None):
        self.status[symbol] = (status, reason)
recorder = Recorder()
`;

async function run(code: string): Promise<unknown> {
  return await inFolder(async (dir) => {
    const ran = await python(SETUP + code, {}, [dir]);
    assert.equal(ran.stderr, "");
    return JSON.parse(ran.stdout);
  });
}

Deno.test("a watcher attaches when its module is imported, and not before", async () => {
  assert.deepEqual(
    await run(`
seen = []
attach(recorder, [Watcher("p", "engine_part", "Runner.step",
    after=lambda args, kwargs, result, start, end: seen.append(result))])
early = "engine_part" in sys.modules
from engine_part import Fast
print(json.dumps([early, recorder.status["engine_part:Runner.step"][0], Fast().step(3, scale=2), seen,
    Fast.step.__doc__, type(sys.modules["engine_part"].__loader__).__name__]))`),
    [false, "attached", 6, [6], "The original.", "SourceFileLoader"],
  );
});

Deno.test("what a watcher raises is noted and the method's answer is unchanged", async () => {
  assert.deepEqual(
    await run(`
def bad(*_):
    raise ValueError("broken")
attach(recorder, [Watcher("p", "engine_part", "Runner.step", before=bad, after=bad)])
import engine_part
answers = [engine_part.Runner().step(2) for _ in range(40)]
print(json.dumps([set(answers) == {2}, recorder.status["engine_part:Runner.step"]]))`),
    [true, ["failed", "ValueError: broken (20 times), taken off"]],
  );
});

Deno.test("an exception of the method itself passes through once", async () => {
  assert.deepEqual(
    await run(`
calls = []
attach(recorder, [Watcher("p", "engine_part", "Runner.fails",
    before=lambda *_: calls.append("before"), after=lambda *_: calls.append("after"))])
import engine_part
try:
    engine_part.Runner().fails(7)
except KeyError as error:
    print(json.dumps([error.args[0], calls, recorder.status["engine_part:Runner.fails"][0]]))`),
    [7, ["before"], "attached"],
  );
});

Deno.test("a symbol or a parameter that this vLLM lacks makes the hook absent, with the reason", async () => {
  assert.deepEqual(
    await run(`
attach(recorder, [
    Watcher("p", "engine_part", "Runner.gone"),
    Watcher("p", "engine_part", "Nobody.step"),
    Watcher("p", "engine_part", "Runner.step", needs=("scheduler_output",)),
])
import engine_part
print(json.dumps([recorder.status, engine_part.Runner().step(5)]))`),
    [{
      "engine_part:Runner.gone": [
        "absent",
        "this vLLM's engine_part:Runner.gone lacks (no such method)",
      ],
      "engine_part:Nobody.step": [
        "absent",
        "this vLLM's engine_part:Nobody.step lacks (no such method)",
      ],
      "engine_part:Runner.step": [
        "absent",
        "this vLLM's engine_part:Runner.step lacks scheduler_output",
      ],
    }, 5],
  );
});

Deno.test("an override is watched beside its base, but no call is seen twice", async () => {
  assert.deepEqual(
    await run(`
open(sys.argv[1] + "/engine_more.py", "w").write('''
import functools
from engine_part import Runner, choose as choose_by
def decorated(method):
    @functools.wraps(method)
    def call(*args, **kwargs):
        return method(*args, **kwargs)
    return call
class Hiding(Runner):
    @decorated
    def step(self, batch, scale=1):
        return -batch
class Polite(Runner):
    @decorated
    def step(self, batch, scale=1):
        return super().step(batch, scale) + 1
''')
open(sys.argv[1] + "/engine_part.py", "a").write("def choose(logits):\\n    return max(logits)\\n")
seen = []
def watcher(module, path):
    return Watcher("p", module, path, after=lambda *_: seen.append(module + ":" + path))
attach(recorder, [
    watcher("engine_part", "Runner.step"),
    watcher("engine_more", "Hiding.step"),
    watcher("engine_more", "Hiding.fails"),
    watcher("engine_more", "Polite.step"),
    watcher("engine_part", "choose"),
    watcher("engine_more", "choose_by"),
])
import engine_more
answers = [engine_more.Runner().step(2), engine_more.Hiding().step(2), engine_more.Polite().step(2),
    engine_more.choose_by([1, 3])]
print(json.dumps([answers, seen, recorder.status]))`),
    [
      [2, -2, 3, 3],
      ["engine_part:Runner.step", "engine_more:Hiding.step", "engine_part:Runner.step"]
        .concat("engine_part:choose"),
      {
        "engine_part:Runner.step": ["attached", null],
        "engine_part:choose": ["attached", null],
        "engine_more:Hiding.step": ["attached", null],
        // Nobody watches it at the base.
        "engine_more:Hiding.fails": ["attached", null],
        "engine_more:Polite.step": ["absent", "calls of it are seen at engine_part:Runner.step"],
        "engine_more:choose_by": ["absent", "calls of it are seen at engine_part:choose"],
      },
    ],
  );
});

Deno.test("torch.compile finds nothing of ours in a call that it traces", async () => {
  assert.deepEqual(
    await run(`
seen, tracing = [], []
torch = types.ModuleType("torch")
torch.compiler = types.SimpleNamespace(is_dynamo_compiling=lambda: bool(tracing))
sys.modules["torch"] = torch
attach(recorder, [Watcher("p", "engine_part", "Runner.step",
    before=lambda *_: seen.append("before"), after=lambda *_: seen.append("after"))])
import engine_part
import vscope_hooks.sites as sites
def no_clock():
    raise RuntimeError("torch.compile cannot trace the clock")
clock, sites.perf_counter = sites.perf_counter, no_clock
tracing.append(True)
answers = [engine_part.Runner().step(3) for _ in range(70)]
tracing.clear()
sites.perf_counter = clock
engine_part.Runner().step(3)
# The call behind them is the only one that was counted.
counted = sites.COST_SAMPLE - recorder.sites["engine_part:Runner.step"].left
print(json.dumps([set(answers) == {3}, seen, counted]))`),
    [true, ["before", "after"], 1],
  );
});

Deno.test("a paused session calls the method and nothing else", async () => {
  assert.deepEqual(
    await run(`
seen = []
attach(recorder, [Watcher("p", "engine_part", "Runner.step", after=lambda *_: seen.append(1))])
import engine_part
[site] = recorder.sites.values()
recorder.paused = True
site.refresh()
answer = engine_part.Runner().step(4)
recorder.paused = False
site.refresh()
engine_part.Runner().step(4)
print(json.dumps([answer, len(seen)]))`),
    [4, 1],
  );
});

Deno.test("a muted profiler rests while the others go on, and one call in 64 is timed for its cost", async () => {
  assert.deepEqual(
    await run(`
seen = []
attach(recorder, [
    Watcher("dear", "engine_part", "Runner.step", after=lambda *_: seen.append("dear")),
    Watcher("cheap", "engine_part", "Runner.step", after=lambda *_: seen.append("cheap")),
])
import engine_part
runner = engine_part.Runner()
for _ in range(64):
    runner.step(1)
timed = sorted(recorder.cost.seconds)
seen.clear()
recorder.muted = frozenset(["dear"])
recorder.sites["engine_part:Runner.step"].refresh()
runner.step(1)
print(json.dumps([timed, seen]))`),
    [["cheap", "dear"], ["cheap"]],
  );
});

Deno.test("above its budget the dearest profiler is named, but none that the others need", async () => {
  assert.deepEqual(
    await run(`
import time, vscope_hooks.cost as cost
cost.WINDOW_SECONDS = 0.05
spending = cost.Cost(0.03)
time.sleep(0.06)
quiet = spending.dearest_over_budget(set())
spending.spent("steps", 5.0); spending.spent("a", 0.001); spending.spent("b", 0.01)
time.sleep(0.06)
name, reason = spending.dearest_over_budget({"steps"})
print(json.dumps([quiet, name, "budget 3.00 %" in reason, list(spending.turned_down)]))`),
    [null, "b", true, ["b"]],
  );
});

Deno.test("a watcher that is asleep is attached, and hears of calls from its waking on", async () => {
  assert.deepEqual(
    await run(`
seen = []
late = Watcher("p", "engine_part", "Runner.step", after=lambda *_: seen.append("late"), asleep=True)
def wakes(*_):
    seen.append("early")
    late.wake()
attach(recorder, [Watcher("p", "engine_part", "Runner.step", before=wakes), late])
import engine_part
engine_part.Runner().step(1)
print(json.dumps([recorder.status["engine_part:Runner.step"][0], seen]))`),
    ["attached", ["early", "late"]],
  );
});

Deno.test("behind a watcher that fails the others are told once each", async () => {
  assert.deepEqual(
    await run(`
seen = []
def bad(*_):
    raise ValueError("broken")
def tells(name):
    return lambda *_: seen.append(name)
attach(recorder, [
    Watcher("a", "engine_part", "Runner.step", before=tells(1), after=tells(4)),
    Watcher("b", "engine_part", "Runner.step", before=bad, after=bad),
    Watcher("c", "engine_part", "Runner.step", before=tells(2), after=bad),
    Watcher("d", "engine_part", "Runner.step", before=tells(3), after=tells(5)),
])
import engine_part
answer = engine_part.Runner().step(6)
print(json.dumps([answer, seen, [w.failures for w in recorder.sites["engine_part:Runner.step"].watchers]]))`),
    [6, [1, 2, 3, 4, 5], [0, 2, 1, 0]],
  );
});
