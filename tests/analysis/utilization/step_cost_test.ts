import assert from "node:assert/strict";
import { attentionPairs, keysRead } from "../../../kit/analysis/utilization/attention_work.ts";
import { readModelShape } from "../../../kit/analysis/utilization/model_shape.ts";
import {
  type ElementBytes,
  expectedExperts,
  type Step,
  stepCost,
} from "../../../kit/analysis/utilization/step_cost.ts";
import { parameterCount } from "../../../kit/analysis/utilization/weights.ts";
import { fc } from "../../deps.ts";
import * as configs from "./configs.ts";

const BF16: ElementBytes = { weightBytes: 2, activationBytes: 2, kvBytes: 2 };
const SMALL = readModelShape(configs.QWEN3_SMALL)!;
const MOE = readModelShape(configs.QWEN3_MOE)!;

/** A request in a step: new tokens, and its length afterwards. */
type Request = readonly [newTokens: number, length: number];

function stepOf(requests: readonly Request[]): Step {
  const sum = (of: (request: Request) => number) =>
    requests.reduce((total, request) => total + of(request), 0);
  const isDecode = ([newTokens, length]: Request) => newTokens === 1 && length > 1;
  return {
    contextTokens: sum((request) => isDecode(request) ? 0 : request[0]),
    generationTokens: sum((request) => isDecode(request) ? 1 : 0),
    contextRequests: sum((request) => isDecode(request) ? 0 : 1),
    generationRequests: sum((request) => isDecode(request) ? 1 : 0),
    attentionPairs: sum(([newTokens, length]) => attentionPairs(newTokens, length)),
    kvTokens: sum(([newTokens, length]) => keysRead(newTokens, length)),
  };
}

const requests = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 2048 }), fc.integer({ min: 0, max: 8192 }))
    .map(([newTokens, cached]) => [newTokens, newTokens + cached] as const),
  { minLength: 1, maxLength: 32 },
);

Deno.test("a dense model's decode step costs what a hand reckons", () => {
  const { flops, bytes, parts } = stepCost(SMALL, stepOf([[1, 1024]]), BF16);
  // Per layer 1024 x 4096 for Q, K and V, 2048 x 1024 for O, 3 x 1024 x 3072 for the MLP.
  assert.equal(parts.projections.flops + parts.dense.flops, 2 * 28 * 15_728_640);
  assert.equal(parts.attention.flops, 28 * 4 * 16 * 128 * 1024);
  assert.equal(parts.lmHead.flops, 2 * 1024 * 151936);
  assert.equal(flops, 880_803_840 + 234_881_024 + 311_164_928);
  // A token's keys and values are 2 x 8 x 128 x 2 bytes in each of 28 layers.
  assert.equal(parts.attention.bytes, 1024 * 114_688);
  assert.equal(parts.kvWrite.bytes, 114_688);
  assert.equal(parts.embedding.bytes, 2048);
  assert.equal(bytes, 1_309_526_016);
});

Deno.test("a prefill computes logits of one row, and half the square of attention", () => {
  const { flops, parts } = stepCost(SMALL, stepOf([[512, 512]]), BF16);
  assert.equal(parts.attention.flops, 30_123_491_328);
  assert.equal(parts.lmHead.flops, 311_164_928);
  assert.equal(flops, 481_406_222_336);
});

Deno.test("a decode step of a model with experts costs what a hand reckons", () => {
  const { flops, bytes, parts } = stepCost(MOE, stepOf([[1, 1]]), BF16);
  // 8 experts of 3 x 2048 x 768 in 48 layers.
  assert.equal(parts.experts.flops, 2 * 48 * 8 * 4_718_592);
  assert.equal(parts.experts.bytes, 2 * 48 * 8 * 4_718_592);
  assert.equal(parts.router.flops, 2 * 48 * 2048 * 128);
  assert.equal(flops, 5_460_983_808 + 786_432 + 622_329_856);
  assert.equal(bytes, 5_460_983_808 + 622_329_856 + 4096 + 2 * 98_304);
});

Deno.test("a token alone costs twice the active parameters, but for a separate embedding", () => {
  for (const config of [configs.LLAMA, configs.QWEN2_MOE, configs.DEEPSEEK_MOE, configs.MIXTRAL]) {
    const shape = readModelShape(config)!;
    const { flops, parts } = stepCost(shape, stepOf([[1, 1]]), BF16);
    const embedding = shape.hiddenSize * shape.vocabSize;
    const { active } = parameterCount(shape);
    assert.equal(flops - parts.attention.flops, 2 * (active - embedding));
  }
});

Deno.test("quantized weights leave embedding, router and head as they are", () => {
  const step = stepOf([[1, 100], [7, 7]]);
  const full = stepCost(MOE, step, BF16).parts;
  const quantized = stepCost(MOE, step, { weightBytes: 0.5, activationBytes: 2, kvBytes: 1 }).parts;
  for (const part of ["embedding", "router", "lmHead"] as const) {
    assert.deepEqual(quantized[part], full[part]);
  }
  for (const part of ["projections", "experts"] as const) {
    assert.equal(quantized[part].bytes, full[part].bytes / 4);
    assert.equal(quantized[part].flops, full[part].flops);
  }
  assert.equal(quantized.attention.bytes, full.attention.bytes / 2);
});

Deno.test("an empty step costs nothing", () => {
  for (const shape of [SMALL, MOE]) {
    const { flops, bytes } = stepCost(shape, stepOf([]), BF16);
    assert.deepEqual([flops, bytes], [0, 0]);
  }
});

Deno.test("the expected experts begin with one token's and end with all", () => {
  assert.equal(expectedExperts(128, 8, 0), 0);
  assert.equal(expectedExperts(128, 8, 1), 8);
  // 128 x (1 - 0.9375^64).
  assert.ok(Math.abs(expectedExperts(128, 8, 64) - 125.942) < 0.001);
  assert.equal(expectedExperts(128, 8, 100_000), 128);
  assert.equal(expectedExperts(8, 8, 1), 8);
});

Deno.test("given experts stand in for the expected ones, in bytes alone", () => {
  const step = stepOf([[64, 64]]);
  const expected = stepCost(MOE, step, BF16);
  const given = stepCost(MOE, { ...step, activatedExpertsPerLayer: 64 }, BF16);
  assert.equal(given.flops, expected.flops);
  assert.equal(given.parts.experts.bytes, 64 * 48 * 4_718_592 * 2);
});

Deno.test("the cost of requests is the sum of their costs, weights being read once", () => {
  fc.assert(fc.property(requests, requests, fc.constantFrom(SMALL, MOE), (some, others, shape) => {
    const cost = (list: readonly Request[]) =>
      stepCost(shape, { ...stepOf(list), activatedExpertsPerLayer: 100 }, BF16);
    const [one, other, both] = [cost(some), cost(others), cost([...some, ...others])];
    assert.equal(both.flops, one.flops + other.flops);
    for (const part of ["embedding", "kvWrite", "attention"] as const) {
      assert.equal(both.parts[part].bytes, one.parts[part].bytes + other.parts[part].bytes);
    }
    for (const part of ["projections", "dense", "router", "experts", "lmHead"] as const) {
      assert.equal(both.parts[part].bytes, one.parts[part].bytes);
    }
  }));
});

Deno.test("another token costs more operations and no fewer bytes", () => {
  fc.assert(fc.property(requests, fc.constantFrom(SMALL, MOE), (list, shape) => {
    const [[newTokens, length], ...rest] = list as [Request, ...Request[]];
    const less = stepCost(shape, stepOf(list), BF16);
    const more = stepCost(shape, stepOf([[newTokens + 1, length + 1], ...rest]), BF16);
    assert.ok(more.flops > less.flops);
    assert.ok(more.bytes > less.bytes);
    assert.ok(more.parts.experts.bytes >= less.parts.experts.bytes);
  }));
});

Deno.test("pairs and keys are those that one counts", () => {
  const size = fc.integer({ min: 0, max: 60 });
  const window = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined });
  fc.assert(fc.property(size, size, window, (newTokens, cached, window) => {
    let pairs = 0;
    const keys = new Set<number>();
    for (let query = cached; query < cached + newTokens; query++) {
      for (let key = 0; key <= query; key++) {
        if (window !== undefined && query - key >= window) continue;
        pairs++;
        keys.add(key);
      }
    }
    assert.equal(attentionPairs(newTokens, cached + newTokens, window), pairs);
    assert.equal(keysRead(newTokens, cached + newTokens, window), keys.size);
  }));
  assert.equal(attentionPairs(3, 10), 3 * 10 - 3);
});
