/** The requests of a sweep and their blocks, the messages about them, and the model runners' symbols. */

import assert from "node:assert/strict";
import { python } from "./python.ts";

async function json(code: string) {
  const ran = await python(code);
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

/** As much of vLLM as messages are made of. */
const VLLM = `
import dataclasses, json, random, sys, types
vllm = types.ModuleType("vllm")
class SamplingParams:
    def __init__(self, **values): self.values = values
vllm.SamplingParams = SamplingParams
output = types.ModuleType("vllm.v1.core.sched.output")
@dataclasses.dataclass
class NewRequestData:
    req_id: str
    prompt_token_ids: list
    block_ids: tuple
    num_computed_tokens: int
@dataclasses.dataclass
class CachedRequestData:
    req_ids: list
    new_block_ids: list
    num_computed_tokens: list
    num_output_tokens: list
@dataclasses.dataclass
class SchedulerOutput:
    scheduled_new_reqs: list
    scheduled_cached_reqs: object
    num_scheduled_tokens: dict
    total_num_scheduled_tokens: int
    finished_req_ids: set
    num_common_prefix_blocks: list
    @classmethod
    def make_empty(cls): return cls([], CachedRequestData([], [], [], []), {}, 0, set(), [])
for kind in (NewRequestData, CachedRequestData, SchedulerOutput): setattr(output, kind.__name__, kind)
sys.modules["vllm"] = vllm
for name in ("vllm.v1", "vllm.v1.core", "vllm.v1.core.sched"): sys.modules[name] = types.ModuleType(name)
sys.modules[output.__name__] = output
from vscope_sweep.batch import BatchMaker, Refused
def maker(blocks, sizes=(16,), requests=16, tokens=2048, length=4096):
    groups = [types.SimpleNamespace(kv_cache_spec=types.SimpleNamespace(block_size=size)) for size in sizes]
    return BatchMaker(types.SimpleNamespace(kv_cache_groups=groups, num_blocks=blocks), tokens, requests, length, 1000)
`;

Deno.test("a neighbouring shot keeps its requests, and they get only the blocks that they lack", async () => {
  const found = await json(`${VLLM}
batches, found = maker(1000), []
for runs in ([[64, 32, 1], [1, 16, 3]], [[64, 32, 1], [1, 100, 3]], [[1, 20, 4]], [[1, 0, 2]]):
    first = batches.shot(runs).first
    found.append([
        [len(new.prompt_token_ids) for new in first.scheduled_new_reqs],
        [[len(part) for part in blocks] if blocks else None for blocks in first.scheduled_cached_reqs.new_block_ids],
        first.scheduled_cached_reqs.num_computed_tokens,
        len(first.finished_req_ids),
        first.total_num_scheduled_tokens,
    ])
again = batches.shot([[64, 0, 1], [1, 50, 2]]).again
found.append([
    again.scheduled_new_reqs, again.scheduled_cached_reqs.num_computed_tokens,
    again.scheduled_cached_reqs.new_block_ids, sorted(again.num_scheduled_tokens.values()),
    sorted(again.finished_req_ids),
])
print(json.dumps(found))
`);
  assert.deepEqual(found, [
    // A prompt for a decode is one token long, whatever its history is; chunks come last.
    [[1, 1, 1, 96], [], [], 0, 67],
    [[], [[5], [5], [5], null], [100, 100, 100, 32], 0, 67],
    [[1], [null, null, null], [20, 20, 20], 1, 4],
    [[], [null, null], [0, 0], 2, 2],
    [[], [50, 50, 0], [null, null, null], [1, 1, 64], []],
  ]);
});

Deno.test("whatever shots follow one another, no block is two requests' and none is lost", async () => {
  const found = await json(`${VLLM}
rng, found = random.Random(3), {"shots": 0, "refused": 0, "new": 0}
for sizes, most in (((16,), 12), ((16, 64), 12), ((32,), 4)):
    blocks = rng.choice((40, 90, 200))
    batches, known = maker(blocks, sizes, most), {}
    for _ in range(1500):
        runs = []
        for _ in range(rng.randint(1, 3)):
            new = rng.choice((1, 1, 1, 2, 16, 40))
            runs.append([new, rng.choice((0, 1, 15, 16, 17, 100, 400)), rng.randint(1, 5)])
        if rng.random() < 0.02:
            for name in batches.ending().finished_req_ids: del known[name]
            assert not known
        try:
            batch = batches.shot(runs)
        except Refused:
            found["refused"] += 1
            continue
        first = batch.first
        for name in first.finished_req_ids: del known[name]
        for new in first.scheduled_new_reqs:
            assert new.req_id not in known
            known[new.req_id] = [list(part) for part in new.block_ids]
            found["new"] += 1
        cached = first.scheduled_cached_reqs
        for name, more in zip(cached.req_ids, cached.new_block_ids):
            for held, part in zip(known[name], more or ()): held.extend(part)
        history = dict(zip(cached.req_ids, cached.num_computed_tokens))
        history.update((new.req_id, new.num_computed_tokens) for new in first.scheduled_new_reqs)
        asked = sorted((first.num_scheduled_tokens[name], history[name]) for name in first.num_scheduled_tokens)
        assert asked == sorted((new, old) for new, old, count in runs for _ in range(count)), runs
        assert dict(zip(batch.again.scheduled_cached_reqs.req_ids, batch.again.scheduled_cached_reqs.num_computed_tokens)) == history
        assert first.num_scheduled_tokens == batch.again.num_scheduled_tokens
        for name, new in first.num_scheduled_tokens.items():
            for held, size in zip(known[name], sizes): assert len(held) * size >= new + history[name]
        held = [block for parts in known.values() for part in parts for block in part]
        assert len(held) == len(set(held)) and 0 not in held and max(held) < blocks
        assert len(held) + len(batches.pool._free) == blocks - 1
        assert len(known) <= most and set(known) == batches.pool.names == set(first.num_scheduled_tokens)
        found["shots"] += 1
print(json.dumps(found))
`);
  assert.ok(found.shots > 1500 && found.refused > 100, JSON.stringify(found));
});

Deno.test("a model runner without what a sweep needs is refused with the names of it", async () => {
  const found = await json(`
import json, types
from vscope_sweep.runners import Unfit, runner_of
class Runner: pass
class States: pass
def ask(worker):
    try: return runner_of(worker).kind
    except Unfit as error: return str(error)
runner, found = Runner(), [ask(types.SimpleNamespace())]
worker = types.SimpleNamespace(model_runner=runner)
runner.execute_model = runner.kv_cache_config = runner.device = 1
found.append(ask(worker))
runner.sample_tokens = runner.get_model = 1
found.append(ask(worker))
states = runner.req_states = States()
states.req_id_to_index = states.prefill_len = states.num_computed_tokens = 1
found.append(ask(worker))
states.num_computed_tokens = states.total_len = types.SimpleNamespace(gpu=1)
states.prefill_len = types.SimpleNamespace(np=1)
found.append(ask(worker))
print(json.dumps(found))
`);
  assert.deepEqual(found, [
    "the worker types.SimpleNamespace has no model_runner",
    "the model runner __main__.Runner has no sample_tokens, get_model",
    "v1",
    "the __main__.States of the model runner __main__.Runner has no total_len, num_computed_tokens.gpu, prefill_len.np",
    "v2",
  ]);
});

/**
 * A model runner that counts histories on its device, as vLLM's V2 does: what a pass has computed and
 * sampled is added there, and a message tells the host's side only. It has as many rows as requests fit.
 */
const V2 = `
import contextlib
class Tensor(list):
    dtype = device = "here"
    def __setitem__(self, at, value):
        for place, one in zip(at, value) if isinstance(at, list) else [(at, value)]:
            list.__setitem__(self, place, one)
torch = types.ModuleType("torch")
torch.inference_mode, torch.int64 = contextlib.nullcontext, "int64"
torch.tensor = lambda values, dtype, device: Tensor(values)
sys.modules["torch"] = torch
side = lambda rows: types.SimpleNamespace(gpu=Tensor([0] * rows), np=[0] * rows)
class Runner:
    kv_cache_config = device = None
    def __init__(self, rows):
        self.req_states = types.SimpleNamespace(
            req_id_to_index={}, num_computed_tokens=side(rows), total_len=side(rows), prefill_len=side(rows)
        )
        self.rows, self.free, self.seen = rows, list(range(rows)), None
    def get_model(self): return None
    def execute_model(self, message):
        states = self.req_states
        for name in message.finished_req_ids: self.free.append(states.req_id_to_index.pop(name))
        for new in message.scheduled_new_reqs:
            row = states.req_id_to_index[new.req_id] = self.free.pop()
            states.num_computed_tokens.gpu[row] = new.num_computed_tokens
            states.total_len.gpu[row] = states.prefill_len.np[row] = len(new.prompt_token_ids)
        self.seen = []
        for name, new in message.num_scheduled_tokens.items():
            row = states.req_id_to_index[name]
            self.seen.append((new, states.num_computed_tokens.gpu[row]))
            states.num_computed_tokens.gpu[row] += new
            assert states.total_len.gpu[row] == states.prefill_len.np[row], "a token is sampled behind others"
            states.total_len.gpu[row] += 1
        return None
    def sample_tokens(self, grammar): return None
`;

Deno.test("a runner that counts histories itself is set back before each pass", async () => {
  const found = await json(`${VLLM}${V2}
from vscope_sweep.runners import runner_of
rng, passes = random.Random(5), 0
runner = Runner(12)
fires = runner_of(types.SimpleNamespace(model_runner=runner))
batches = maker(120, (16,), 12)
for _ in range(800):
    runs = [[rng.choice((1, 1, 1, 2, 40)), rng.choice((0, 1, 16, 100)), rng.randint(1, 5)] for _ in range(rng.randint(1, 3))]
    try: batch = batches.shot(runs)
    except Refused: continue
    asked = sorted((new, old) for new, old, count in runs for _ in range(count))
    for message in (batch.first, batch.again, batch.again):
        fires.fire(message)
        assert sorted(runner.seen) == asked, (runs, runner.seen)
        passes += 1
fires.fire(batches.ending())
print(json.dumps([fires.kind, passes > 600, len(runner.free)]))
`);
  assert.deepEqual(found, ["v2", true, 12]);
});

Deno.test("a call takes whole sessions of the timer, as many as half a second has", async () => {
  const found = await json(`
import json
from vscope_sweep.driver import calls_of
print(json.dumps([
    calls_of(0.05, 1, 512), calls_of(0.00001, 1, 512), calls_of(3, 1, 512),
    calls_of(0.016, 64, 512), calls_of(0.002, 64, 512), calls_of(3, 64, 512),
]))
`);
  assert.deepEqual(found, [10, 512, 1, 64, 256, 64]);
});
