import assert from "node:assert/strict";
import { python } from "./python.ts";

/** MoE layers as vLLM 0.17, 0.26 and 0.32 run them, by name; torch and the counters are stand-ins. */
const SETUP = `
import sys, types, json
from vscope_hooks.cost import Cost
base = "vllm.model_executor.layers.fused_moe."
def module(name):
    return sys.modules.setdefault(base + name, types.ModuleType(base + name))
class Ids:
    is_cuda, shape = False, (3, 2)
def answer():
    return "weights", Ids()
class BaseRouter:
    global_num_experts = 8
    def select_experts(self, hidden_states, router_logits):
        return self.compute()
    compute = staticmethod(answer)
module("router.base_router").BaseRouter = BaseRouter
class Method:
    def __init__(self, monolithic): self.is_monolithic = monolithic
class Abstract:
    pass
class Runner(Abstract):
    def __init__(self, name, monolithic, kernel=None):
        super().__init__()
        self.router, self.layer_name, self.kernel = BaseRouter(), name, kernel
        self.keep(Method(monolithic))
    def run(self):
        if self.method().is_monolithic:
            return self.kernel()
        return self.router.select_experts(None, None)
class DefaultMoERunner(Runner):
    def keep(self, method): self.quant_method = method
    def method(self): return self.quant_method
    def forward_impl(self, layer): return self.run()
class MoERunner(Runner):
    def keep(self, method): self.routed_experts = types.SimpleNamespace(quant_method=method)
    def method(self): return self.routed_experts.quant_method
    def _apply_quant_method(self, layer): return self.run()
# 0.17 has a base class of this name that does nothing.
old = sys.argv[1:] == ["old"]
module("runner.moe_runner").MoERunner = Abstract if old else MoERunner
if old:
    module("runner.default_moe_runner").DefaultMoERunner = DefaultMoERunner
for place in ("cpu_fused_moe", "experts.cpu_moe", "router.cpu_router"):
    module(place).select_experts = lambda **arguments: answer()
def ask(place):
    return lambda: module(place).select_experts(top_k=2)
class Table:
    def add(self, row): pass
class Recorder:
    def __init__(self):
        self.paused, self.sites, self.ticks, self.status, self.rank = False, {}, [], {}, 0
        self.muted, self.cost, self.interval = frozenset(), Cost(None), 100
        self.last_words, self.resting = [], []
    def keep_limits(self): pass
    def hook(self, profiler, symbol, status, reason=None): self.status[symbol] = (status, reason)
    def table(self, name, columns): return Table()
    def seconds(self, at=None): return 1.0
recorder = Recorder()
from vscope_hooks.profilers import moe_expert
from vscope_hooks.sites import attach
seen = []
class Counters:
    physical, layers, top_k = 0, 2, 2
    def count(self, layer, ids, weights): seen.append(layer)
def opened(experts, router, ids):
    experts.counters = Counters()
moe_expert.Experts.open = opened
attach(recorder, moe_expert.watchers(recorder))
def told():
    found = recorder.status.get("counters")
    failed = [reason for status, reason in recorder.status.values() if status == "failed"]
    return [seen, found, failed]
`;

async function run(code: string): Promise<unknown> {
  const old = code.includes("DefaultMoERunner") ? ["old"] : [];
  const ran = await python(`${SETUP}${code}\nprint(json.dumps(told()))`, {}, old);
  assert.equal(ran.stderr, "");
  return JSON.parse(ran.stdout);
}

for (
  const [what, runner, method, place] of [
    ["vLLM 0.17", "DefaultMoERunner", "forward_impl", "cpu_fused_moe"],
    ["vLLM 0.26", "MoERunner", "_apply_quant_method", "cpu_fused_moe"],
    ["vLLM 0.29", "MoERunner", "_apply_quant_method", "experts.cpu_moe"],
  ]
) {
  Deno.test(`a CPU kernel that asks a function for the experts is counted by its layer, as in ${what}`, async () => {
    assert.deepEqual(
      await run(`
layers = [${runner}("layers.%d" % n, True, ask("${place}")) for n in (0, 1)]
answers = [layer.${method}(None)[0] for layer in layers * 2]
assert answers == ["weights"] * 4`),
      [[0, 1, 0, 1], null, []],
    );
  });
}

Deno.test("a kernel that tells nobody which experts it chose is named, on old and new runners", async () => {
  const reason = "the MoE kernel of this layer routes inside itself (monolithic)";
  for (const call of ["DefaultMoERunner.forward_impl", "MoERunner._apply_quant_method"]) {
    const [runner, method] = call.split(".");
    assert.deepEqual(
      await run(`
layers = [${runner}("layers.%d" % n, True, answer) for n in (0, 1)]
for layer in layers * 2: layer.${method}(None)`),
      [[], ["absent", reason], []],
    );
  }
});

Deno.test("a router that asks such a function itself is counted once", async () => {
  assert.deepEqual(
    await run(`
BaseRouter.compute = staticmethod(ask("router.cpu_router"))
layers = [MoERunner("layers.%d" % n, False) for n in (0, 1)]
for layer in layers * 2: layer._apply_quant_method(None)
module("router.cpu_router").select_experts()`),
    [[0, 1, 0, 1], null, []],
  );
});

Deno.test("layers that compiled code runs in place of Python are named after the first pass", async () => {
  const [seen, counters, failed] = await run(`
gpu = types.ModuleType("vllm.v1.worker.gpu_model_runner")
class GPUModelRunner:
    def sample_tokens(self): return "tokens"
gpu.GPUModelRunner = GPUModelRunner
sys.modules[gpu.__name__] = gpu
for tick in recorder.ticks: tick()
layers = [MoERunner("layers.%d" % n, False) for n in (0, 1)]
warm_up = GPUModelRunner().sample_tokens()
assert recorder.status.get("counters") is None
recorder.passes.count = 1
assert [warm_up, GPUModelRunner().sample_tokens()] == ["tokens"] * 2`) as [
    number[],
    [string, string],
    string[],
  ];
  assert.deepEqual([seen, failed], [[], []]);
  assert.equal(counters[0], "absent");
  assert.match(counters[1], /compiled code runs in its place/);
});
