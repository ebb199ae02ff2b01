import assert from "node:assert/strict";
import { python } from "./python.ts";

/** A profiler of experts whose counter is a number, and a recorder whose clock can do something. */
const SETUP = `
import sys, types, json
state = {"count": 0, "at_clock": None, "at_copy": None, "saved": []}
def do(what):
    call, state[what] = state[what], None
    if call: call()
snapshot = types.ModuleType("vscope_hooks.experts.snapshot")
class Copy:
    def __init__(self, parts, facts):
        self.value = state["count"]
        do("at_copy")
    def ready(self): return True
snapshot.Copy = Copy
sys.modules[snapshot.__name__] = snapshot
class Recorder:
    interval = 100
    def table(self, name, columns): return None
    def seconds(self, at=None):
        do("at_clock")
        return 100.0
from vscope_hooks.profilers.moe_expert import Experts
from vscope_hooks.steps import Step
experts = Experts(Recorder())
experts.counters = types.SimpleNamespace(load=types.SimpleNamespace(is_cuda=False), parts=dict)
experts.reservoir = types.SimpleNamespace(tokens=[])
taken = []
class Files:
    def take(self, copy, experts): taken.append(copy.value)
    def save(self, now=False): state["saved"].append([taken[-1] if taken else None, now])
experts.files = Files()
passes = experts.passes
def begin(): passes.begin(Step(1, 1, 0, 0, 1, 1))
def end():
    state["count"] += 1
    passes.end()
`;

async function run(code: string): Promise<unknown> {
  const ran = await python(SETUP + code);
  assert.equal(ran.stderr, "");
  return JSON.parse(ran.stdout);
}

Deno.test("a pass that begins while the counters are copied is in the next copy", async () => {
  assert.deepEqual(
    await run(`
begin(); end()
state["at_clock"], state["at_copy"] = begin, end
experts.when_idle()
experts.when_idle()
print(json.dumps(taken))`),
    [1, 2],
  );
});

Deno.test("an engine that falls idle has its counts written at the next look", async () => {
  assert.deepEqual(
    await run(`
begin(); end()
experts.when_idle()
experts.when_idle()
print(json.dumps(state["saved"]))`),
    [[1, false], [1, true]],
  );
});

Deno.test("a pass that a signal ended half-way does not keep the last copy from being made", async () => {
  assert.deepEqual(
    await run(`
begin(); end()
begin(); state["count"] += 1
experts.last_words()
print(json.dumps([taken, state["saved"]]))`),
    [[2], [[2, true]]],
  );
});

Deno.test("a worker does not wait for the thread that copies", async () => {
  assert.deepEqual(
    await run(`
begin(); end()
with experts._copying:
    experts.after_pass()
busy = list(taken), len(experts._copies)
experts.after_pass()
print(json.dumps([busy, len(experts._copies)]))`),
    [[[], 0], 1],
  );
});
