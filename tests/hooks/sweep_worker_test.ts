/** The parts of the sweep's worker that need no vLLM: which module is which layer, timers. */

import assert from "node:assert/strict";
import { inFolder } from "../folders.ts";
import { python } from "./python.ts";

/** Modules as torch has them, as far as hooks go. */
const MODULES = `
import json, sys
class Module:
    def __init__(self, *children):
        self.kept, self.before, self.after = children, [], []
    def children(self): return self.kept
    def register_forward_pre_hook(self, hook): self.before.append(hook); return Handle(self.before, hook)
    def register_forward_hook(self, hook, always_call=False):
        assert always_call
        self.after.append(hook); return Handle(self.after, hook)
    def __call__(self, *args):
        for hook in list(self.before): hook(self, args)
        try: result = self.forward(*args)
        finally:
            for hook in list(self.after): hook(self, args, None)
        return result
    def forward(self, *args):
        for child in self.kept: child(*args)
class Handle:
    def __init__(self, hooks, hook): self.hooks, self.hook = hooks, hook
    def remove(self): self.hooks.remove(self.hook)
def kind(name): return type(name, (Module,), {})
RMSNorm, Layer, Att, Model, Linear = map(kind, ["RMSNorm", "Layer", "Att", "Model", "Linear"])
`;

async function json(code: string, env: Record<string, string> = {}) {
  const ran = await python(MODULES + code, env);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

Deno.test("a module is the layer whose surrounding class is nearest", async () => {
  const found = await json(`
from vscope_sweep.modules import find_modules
norms = [RMSNorm() for _ in range(5)]
shared = Linear()
model = Model(Layer(norms[0], Att(norms[1], norms[2], shared), norms[3]), norms[4], shared)
catalog = {
    "final": {"vllm": ["RMSNorm"], "within": "Model"},
    "qk": {"vllm": ["RMSNorm"], "within": "Att"},
    "norm": {"vllm": ["RMSNorm"], "within": "Layer"},
    "linear": {"vllm": ["Other", "Linear"]},
    "never": {"vllm": ["Linear"], "within": "Nowhere"},
    "none": {"vllm": ["Linear"], "within": "Layer", "directly": True},
}
names = {id(m): "n%d" % i for i, m in enumerate(norms)}
print(json.dumps([[layer, names.get(id(m), "shared")] for layer, m in find_modules(model, catalog)]))
`);
  assert.deepEqual(found, [
    ["norm", "n0"],
    ["qk", "n1"],
    ["qk", "n2"],
    ["linear", "shared"],
    ["norm", "n3"],
    ["final", "n4"],
  ]);
});

Deno.test("a user's own timer is told of the calls in timed passes, also of one that raises", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/toy.py`;
    await Deno.writeTextFile(
      path,
      `class Timer:
    name, shots_per_session = "toy", 4
    def start(self): self.calls, self.clock = [], 0
    def enter(self, span, layer):
        self.clock += 1
        return (span, layer, self.clock)
    def leave(self, call):
        self.clock += 10
        self.calls.append((call[0], call[1], self.clock - call[2]))
    def stop(self): return self.calls
`,
    );
    const found = await json(
      `
import os
from vscope_sweep.modules import Watch
from vscope_sweep.timers import make_timer
class Broken(Module):
    def forward(self, *args): raise KeyError("x")
class Sampler:
    temperature = 3
    def __call__(self, value): return value + 1
class Runner: pass
runner = Runner(); runner.sampler = Sampler()
timer = make_timer(os.environ["TOY"])
watch = Watch(timer)
one, broken = Linear(), Broken()
model = Model(one, broken)
watch.attach("one", one); watch.attach("broken", broken)
watch.attach_callable("sampler", runner, "sampler")
timer.start()
one()
watch.span = 5
try: model()
except KeyError: pass
answer = runner.sampler(1), runner.sampler.temperature
watch.span = None
runner.sampler(1)
watch.detach()
watch.span = 6
one()
print(json.dumps([timer.name, timer.stop(), answer, type(runner.sampler).__name__, len(one.before)]))
`,
      { TOY: path },
    );
    assert.deepEqual(found, [
      "toy",
      [[5, "one", 10], [5, "broken", 10], [5, "sampler", 10]],
      [2, 3],
      "Sampler",
      0,
    ]);
  });
});

Deno.test("the cache's room counts the state of a state space once a request", async () => {
  const found = await json(`
from vscope_sweep.cache import room_of
def spec(name, size):
    made = type(name, (), {})()
    made.block_size = size
    return made
full, half, state = spec("FullAttentionSpec", 32), spec("SlidingWindowSpec", 16), spec("MambaSpec", 4096)
print(json.dumps([
    room_of([full], 101, 8),
    room_of([full, half], 101, 8),
    room_of([full, state], 101, 8),
    room_of([state], 101, 8),
    room_of([full, state, state], 11, 8),
]))
`);
  assert.deepEqual(found, [[32, 3200], [32, 33 * 32], [32, 92 * 32], [4096, 409_600], [32, 0]]);
});

Deno.test("kinds of layers are overridden in the words of the loaded config", async () => {
  await inFolder(async (model) => {
    const types = ["mamba", "mamba", "attention"];
    await Deno.writeTextFile(`${model}/config.json`, JSON.stringify({ layer_types: types }));
    const found = await json(`
import types as kinds
from vscope_sweep.driver import layer_names
library = kinds.ModuleType("transformers")
class AutoConfig:
    @staticmethod
    def from_pretrained(folder):
        names = {"mamba": "linear_attention", "attention": "full_attention"}
        config = kinds.SimpleNamespace()
        config.layer_types = [names[name] for name in json.load(open(folder + "/config.json"))["layer_types"]]
        return config
library.AutoConfig = AutoConfig
sys.modules["transformers"] = library
model = ${JSON.stringify(model)}
wanted = {"num_hidden_layers": 2, "layer_types": ["mamba", "attention"]}
here = [layer_names(model, wanted), layer_names(model, {"num_hidden_layers": 1}), layer_names(model, None)]
AutoConfig.from_pretrained = staticmethod(lambda folder: 1 / 0)
print(json.dumps([*here, layer_names(model, wanted)]))
`);
    assert.deepEqual(found, [
      { num_hidden_layers: 2, layer_types: ["linear_attention", "full_attention"] },
      { num_hidden_layers: 1 },
      null,
      { num_hidden_layers: 2, layer_types: ["mamba", "attention"] },
    ]);
  });
});

Deno.test("the CPU's timer gives microseconds above zero", async () => {
  const found = await json(`
import time
from vscope_sweep.timers import make_timer, timer_for
timer = make_timer("cpu")
timer.start()
call = timer.enter(0, "a"); time.sleep(0.002); timer.leave(call)
print(json.dumps([timer.stop(), timer.stop(), timer_for("cpu"), timer_for("cuda"), timer_for("tpu")]))
`);
  assert.equal(found[0].length, 1);
  assert.ok(found[0][0][2] >= 2000);
  assert.deepEqual(found.slice(1), [[], "cpu", "kineto", null]);
});

Deno.test("with a layer of each kind attention is the mean over the model's, and a sum that of one", async () => {
  const found = await json(`
from vscope_sweep.extension import Sweep
sweep = Sweep.__new__(Sweep)
sweep.kinds = [{"name": "window", "count": 5}, {"name": "full", "count": 1}]
sweep.attention = {"attention"}
sweep.layers = 2
sweep.catalog = {"attention": {}, "norm": {}, "qk": {"together": "sum"}}
calls = {
    (0, "attention"): [10.0, 40.0], (1, "attention"): [12.0, 42.0],
    (0, "norm"): [1.0, 2.0, 3.0, 6.0], (0, "qk"): [1.0, 1.0, 2.0, 2.0],
}
print(json.dumps(sweep._times({}, range(2), calls)))
`);
  assert.deepEqual(found, {
    attention: [15, 17],
    "attention window": [10, 12],
    "attention full": [40, 42],
    norm: [3],
    qk: [3],
  });
});

Deno.test("without a pass that warms up a shot is fired again where its first pass did more", async () => {
  const found = await json(`
from vscope_sweep.extension import Sweep
from vscope_sweep.samples import is_cold
sweep = Sweep.__new__(Sweep)
sweep.lean, sweep.target, sweep.tp, sweep.sweep = True, None, 1, 1
kept, rounds = [], []
class Journal: append = staticmethod(kept.append)
sweep.journal = Journal
# By shot: what its rounds find.
times = {
    "warm": [{"a": [10.0, 10.1, 9.9]}],
    "cold": [{"a": [40.0, 10.0, 10.2], "b": [1.0, 1.0, 1.0]}, {"a": [10.3, 10.0, 10.2], "b": [1.1, 1.0, 1.0]}],
    # What stays so is kept, and fired no third time.
    "always": [{"a": [40.0, 10.0, 10.0]}, {"a": [41.0, 10.0, 10.0]}],
    # Of a few microseconds a quarter is nothing.
    "short": [{"a": [2.4, 1.7, 1.8]}],
    # It cannot be fired a second time: what failed is in no journal.
    "gone": [{"a": [40.0, 10.0, 10.0]}],
}
def fire(shots, failed):
    rounds.append([shot["k"] for shot in shots])
    return [(shot, times[shot["k"]].pop(0)) for shot in shots if times[shot["k"]]]
sweep._round = fire
sweep._session([{"k": name} for name in list(times)], [])
print(json.dumps([rounds, {record["k"]: record["us"] for record in kept}, is_cold([7.0])]))
`);
  assert.deepEqual(found, [
    [["warm", "cold", "always", "short", "gone"], ["cold", "always", "gone"]],
    {
      warm: { a: [10, 10.1, 9.9] },
      cold: { a: [10.3, 10, 10.2], b: [1.1, 1, 1] },
      always: { a: [41, 10, 10] },
      short: { a: [2.4, 1.7, 1.8] },
    },
    false,
  ]);
});
