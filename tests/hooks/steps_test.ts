import assert from "node:assert/strict";
import { python } from "./python.ts";

async function run(code: string): Promise<string> {
  const { stdout, stderr } = await python(code);
  assert.equal(stderr, "");
  return stdout;
}

Deno.test("a step that is not looked through is named as one that is, and its attention is the sum", async () => {
  const printed = await run(`
import random, sys, types
from vscope_hooks.profilers import batch_utilization, scheduler_steps
from vscope_hooks.steps import describe
from types import SimpleNamespace as Some
class Table:
    def __init__(self): self.rows = []
    def add(self, row): self.rows.append(row)
    put = add
class Recorder:
    pid, pause_count, verbose, interval = 7, 0, False, 100
    def __init__(self): self.tables = {}
    def table(self, name, columns): return self.tables.setdefault(name, Table())
    def timeline(self, name, columns, complete=None): return self.table(name, columns)
recorder = Recorder()
schedule = [watcher for module in (scheduler_steps, batch_utilization)
    for watcher in module.watchers(recorder) if watcher.path == "Scheduler.schedule"]
steps, rng = recorder.steps, random.Random(3)
class Scheduler:
    max_num_running_reqs, max_num_scheduled_tokens, waiting = 9, 99, ()
    def __init__(self): self.requests, self.running, self.made = {}, [], 0
scheduler, same, wrong = Scheduler(), 0, 0
for turn in range(4000):
    if rng.random() < 0.02:
        # The steps of a pause are seen by nobody.
        recorder.pause_count += 1
        for request in scheduler.running: request.num_computed_tokens += 3
    new = []
    if scheduler.running and rng.random() < 0.05:
        gone = scheduler.running.pop(rng.randrange(len(scheduler.running)))
        del scheduler.requests[gone.request_id]
    if len(scheduler.running) < 6 and rng.random() < 0.1 or not scheduler.running:
        scheduler.made += 1
        request = Some(request_id="r%d" % scheduler.made, num_computed_tokens=0, made=0)
        scheduler.running.append(request); scheduler.requests[request.request_id] = request
        new.append(request)
    resumed = {r.request_id for r in scheduler.running if r not in new and rng.random() < 0.01}
    tokens = {}
    for r in scheduler.running:
        if r in new or rng.random() > 0.01:
            tokens[r.request_id] = rng.choice((1, 1, 5)) if r in new or rng.random() < 0.01 else 1
            r.num_computed_tokens += tokens[r.request_id]
            if r not in new: r.made += rng.random() < 0.8
    known = [r for r in scheduler.running if r not in new and r.request_id in tokens]
    output = Some(num_scheduled_tokens=tokens, total_num_scheduled_tokens=sum(tokens.values()),
        scheduled_new_reqs=[Some(req_id=r.request_id) for r in new],
        scheduled_cached_reqs=Some(req_ids=[r.request_id for r in known], resumed_req_ids=resumed,
            num_output_tokens=[r.made for r in known]))
    for watcher in schedule: watcher.after((scheduler,), {}, output, 0.0, 1.0)
    if not tokens: continue
    same += steps.same
    reads = sum(scheduler.requests[name].num_computed_tokens for name in tokens)
    pairs = sum(n * scheduler.requests[name].num_computed_tokens - n * (n - 1) // 2
        for name, n in tokens.items())
    wrong += (steps.current != describe(output, steps.number, 7)
        or recorder.tables["batch_utilization"].rows[-1][-2:] != (reads, pairs)
        or steps.recent[-1] != (steps.number, tokens))
print(wrong, same > 500, same < 3500)`);
  assert.equal(printed, "0 True True\n");
});

Deno.test("the writer waits for the end of a pass, but not where none have been", async () => {
  const printed = await run(`
import threading
from vscope_hooks import passes as module
from vscope_hooks.steps import Step
module.AWAIT_SECONDS = 60
passes, told = module.Passes(), []
passes.await_end()
def wait():
    passes.await_end()
    told.append("waited")
for turn in range(3):
    passes.begin(Step(turn, 1, 0, 0, 1, 1))
    writer = threading.Thread(target=wait)
    writer.start()
    while passes._awaited is None: pass
    told.append("ends")
    passes.end()
    writer.join()
passes.await_end()
print(told)`);
  assert.equal(printed, `[${Array(3).fill("'ends', 'waited'").join(", ")}]\n`);
});
