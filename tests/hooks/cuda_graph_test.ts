import assert from "node:assert/strict";
import { python } from "./python.ts";

/** Classes with the shape of vLLM's and torch's; the real ones need a GPU (tests/gpu/graphs.py). */
const SETUP = `
import sys, types, json, collections
from vscope_hooks.cost import Cost
torch_graphs = types.ModuleType("torch.cuda.graphs")
class CUDAGraph:
    def capture_begin(self): pass
    def capture_end(self): pass
torch_graphs.CUDAGraph = CUDAGraph
context = types.ModuleType("vllm.forward_context")
Context = collections.namedtuple("Context", "cudagraph_runtime_mode batch_descriptor")
context._forward_context = None
Shape = collections.namedtuple("Shape", "num_tokens num_reqs uniform has_lora num_active_loras")
Mode = collections.namedtuple("Mode", "name")
FULL, PIECEWISE, NONE = Mode("FULL"), Mode("PIECEWISE"), Mode("NONE")
module = types.ModuleType("vllm.compilation.cuda_graph")
class Entry:
    cudagraph = None
class CUDAGraphWrapper:
    def __init__(self, mode, inner=None):
        self.runtime_mode, self.inner, self.concrete_cudagraph_entries = mode, inner, {}
    def __call__(self):
        now = context._forward_context
        if now is None or now.cudagraph_runtime_mode is not self.runtime_mode:
            return self.inner and self.inner()
        entry = self.concrete_cudagraph_entries.setdefault(now.batch_descriptor, Entry())
        if entry.cudagraph is None:
            graph = CUDAGraph()
            graph.capture_begin(); graph.capture_end()
            entry.cudagraph = graph
module.CUDAGraphWrapper = CUDAGraphWrapper
manager = types.ModuleType("vllm.v1.worker.gpu.cudagraph_utils")
class CudaGraphManager:
    """The manager of the V2 runner in vLLM 0.17: its graphs are known by their tokens."""
    def capture(self, *sizes):
        self.graphs = {size: CUDAGraph() for size in sizes}
        for graph in self.graphs.values():
            graph.capture_begin(); graph.capture_end()
    def run_fullgraph(self, num_tokens):
        return self.graphs[num_tokens]
manager.CudaGraphManager = CudaGraphManager
for m in (torch_graphs, context, module, manager):
    sys.modules[m.__name__] = m
class Table:
    def __init__(self): self.rows = []
    def add(self, row): self.rows.append(row)
class Recorder:
    def __init__(self):
        self.paused, self.sites, self.ticks, self.status, self.rank = False, {}, [], {}, 0
        self.muted, self.cost, self.tables = frozenset(), Cost(None), {}
    def keep_limits(self): pass
    def hook(self, profiler, symbol, status, reason=None): self.status[symbol] = (status, reason)
    def table(self, name, columns): return self.tables.setdefault(name, Table())
    def seconds(self, at=None): return 1.0
recorder = Recorder()
from vscope_hooks.profilers import cuda_graph
from vscope_hooks.passes import passes_of
from vscope_hooks.steps import Step
from vscope_hooks.sites import attach
attach(recorder, cuda_graph.watchers(recorder))
passes = passes_of(recorder)
pieces = [CUDAGraphWrapper(PIECEWISE) for _ in range(3)]
full = CUDAGraphWrapper(FULL, lambda: [piece() for piece in pieces])
def forward(mode, tokens, real=True):
    passes.begin(Step(1, 1, 0, 0, 1, 1) if real else None)
    context._forward_context = Context(mode, Shape(tokens, None, False, False, 0))
    full()
    graph = passes.graph
    passes.end()
    return graph
def rows():
    for tick in recorder.ticks: tick()
    last = {}
    for row in recorder.tables["cuda_graphs"].rows:
        last[row[2:4]] = dict(zip(cuda_graph.COLUMNS, row))
    return {"%s:%d" % key: [row["graphs"], row["replay_count"], row["pass_count"], row["warmup_count"]]
            for key, row in last.items()}
`;

Deno.test("a piecewise replay counts once, a full one hides its pieces, and warm-up replays stand apart", async () => {
  const ran = await python(`${SETUP}
for mode, tokens in ((PIECEWISE, 8), (PIECEWISE, 16), (FULL, 4)):
    forward(mode, tokens, real=False)
forward(PIECEWISE, 8, real=False)
seen = [forward(PIECEWISE, 8), forward(PIECEWISE, 8), forward(FULL, 4), forward(NONE, 99)]
print(json.dumps([rows(), seen, [symbol for symbol, (status, _) in recorder.status.items() if status != "attached"]]))`);
  assert.equal(ran.stderr, "");
  assert.deepEqual(JSON.parse(ran.stdout), [
    { "PIECEWISE:8": [3, 2, 2, 1], "PIECEWISE:16": [3, 0, 0, 0], "FULL:4": [1, 1, 1, 0] },
    [["PIECEWISE", 8], ["PIECEWISE", 8], ["FULL", 4], null],
    ["vllm.v1.worker.gpu.cudagraph_utils:ModelCudaGraphManager.run_fullgraph"],
  ]);
});

Deno.test("full graphs of the V2 runner of vLLM 0.17 are known by their tokens alone", async () => {
  const ran = await python(`${SETUP}
graphs = CudaGraphManager()
graphs.capture(4, 8)
def step(tokens, real=True):
    passes.begin(Step(1, 1, 0, 0, 1, 1) if real else None)
    graphs.run_fullgraph(tokens)
    graph = passes.graph
    passes.end()
    return graph
step(8, real=False)
seen = [step(8), step(4), step(4)]
failed = [reason for status, reason in recorder.status.values() if status == "failed"]
print(json.dumps([rows(), seen, failed]))`);
  assert.equal(ran.stderr, "");
  assert.deepEqual(JSON.parse(ran.stdout), [
    { "FULL:4": [1, 2, 2, 0], "FULL:8": [1, 1, 1, 1] },
    [["FULL", 8], ["FULL", 4], ["FULL", 4]],
    [],
  ]);
});
