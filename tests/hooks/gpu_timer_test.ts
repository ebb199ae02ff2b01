import assert from "node:assert/strict";
import { python } from "./python.ts";

/** Events of torch that complete when told, in the place of real ones (tests/gpu). */
const SETUP = `
import os, sys
import vscope_hooks.profilers.gpu_timer as module
made, synchronised = [], []
class Event:
    done = False
    def __init__(self, enable_timing): made.append(self)
    def record(self, stream): pass
    asked = 0
    def query(self):
        Event.asked += 1
        return Event.done
    def elapsed_time(self, other): return 2.5
    def synchronize(self): synchronised.append(self)
class Cuda:
    current_stream = staticmethod(lambda device=None: None)
    is_current_stream_capturing = staticmethod(lambda: False)
Cuda.Event = Event
module.cuda_ready = lambda: Cuda
class Passes:
    def while_idle(self, call): call()
class Recorder:
    ticks = []
module.passes_of = lambda recorder: Passes()
from vscope_hooks.session import enabled
timer = module.make_timer(Recorder(), enabled("USE_CUDA_EVENTS"))
known = []
def one_pass():
    timer.when_known([timer.mark(), timer.mark()], [9.0], lambda ms, how: known.append((ms, how)))
    timer.collect_while_computing()
`;

async function run(code: string, env: Record<string, string>): Promise<string> {
  const { stdout, stderr } = await python(SETUP + code, env);
  assert.equal(stderr, "");
  return stdout;
}

Deno.test("USE_CUDA_EVENTS=0 records no event, and says that the time is the host's", async () => {
  const printed = await run("one_pass(); print(known, len(made))", { USE_CUDA_EVENTS: "0" });
  assert.equal(printed, "[([9.0], 'host')] 0\n");
});

Deno.test("events are read in batches, when they have completed, and nobody waits for them", async () => {
  const printed = await run(
    `
for _ in range(3): one_pass()
print(known)
one_pass()
print(known)
Event.done = True
one_pass()
print(len(known), known[0], synchronised)
one_pass()
timer.collect_when_idle()
print(len(known), len(made) < 12)`,
    { CUDA_EVENT_BATCH_SIZE: "4" },
  );
  assert.equal(printed, "[]\n[]\n5 ([2.5], 'cuda_event') []\n6 True\n");
});

Deno.test("a batch that has completed is known by one of its last events", async () => {
  const printed = await run(
    `
Event.done = True
for _ in range(1000): one_pass()
# Of sixteen that are read together the newest four are asked one by one.
print(len(known) > 900, Event.asked < 100)`,
    { CUDA_EVENT_BATCH_SIZE: "100" },
  );
  assert.equal(printed, "True True\n");
});
