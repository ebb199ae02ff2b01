import assert from "node:assert/strict";
import { python } from "./python.ts";

Deno.test("the sample of tokens gives every token the same chance, however the batches fall", async () => {
  const ran = await python(`
import importlib.util, json, sys, os
from random import Random
path = os.path.join(os.environ["PYTHONPATH"], "vscope_hooks", "experts", "sample.py")
spec = importlib.util.spec_from_file_location("sample", path)
sample = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sample)
hits, places, wrong = [0] * 200, 8, 0
for seed in range(4000):
    rng = Random(seed)
    reservoir = sample.Reservoir(places, seed)
    kept, seen = {}, 0
    while seen < 200:
        batch = min(200 - seen, rng.choice([1, 1, 2, 5, 40]))
        for place, index in reservoir.take(batch).items():
            kept[place] = seen + index
            wrong += not 0 <= index < batch
        seen += batch
    wrong += kept != dict(enumerate(reservoir.tokens))
    for token in kept.values():
        hits[token] += 1
print(json.dumps([wrong, sum(hits), min(hits), max(hits)]))`);
  assert.equal(ran.stderr, "");
  const [wrong, sum, least, most] = JSON.parse(ran.stdout);
  assert.deepEqual([wrong, sum], [0, 4000 * 8]);
  // 160 expected, deviation about 12.4: five of them to either side.
  assert.ok(least > 98 && most < 222, `${least} to ${most}`);
});
