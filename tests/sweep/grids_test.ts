/** Grids: known figures, and what holds for any limits. */

import assert from "node:assert/strict";
import { axisFromZero, geometricAxis, tokenAxis } from "../../kit/sweep/grids/axes.ts";
import { distinctShots, SWEEP_CATEGORIES, sweepGrids } from "../../kit/sweep/grids/categories.ts";
import type { Density, Limits } from "../../kit/sweep/grids/limits.ts";
import { shotKey } from "../../kit/sweep/grids/shot.ts";
import { skew, skewCase } from "../../kit/sweep/grids/skew.ts";
import { fc } from "../deps.ts";

const NAMES = SWEEP_CATEGORIES.map(({ name }) => name);
const DEFAULTS: Density = {
  attentionMaxKv: 16384,
  attentionChunkFactor: 2,
  attentionKvFactor: 2,
  moeFactor: 2,
  skewNFactor: 2,
  skewPcFactor: 2,
  skewKpFactor: 2,
  skewKvsFactor: 2,
};
const BIG: Limits = {
  maxNumBatchedTokens: 2048,
  maxNumSeqs: 256,
  maxModelLen: 40960,
  numCacheTokens: undefined,
  experts: { count: 128, perToken: 8 },
};

const someLimits: fc.Arbitrary<Limits> = fc.record({
  maxNumBatchedTokens: fc.integer({ min: 1, max: 300 }),
  maxNumSeqs: fc.integer({ min: 1, max: 24 }),
  maxModelLen: fc.integer({ min: 2, max: 5000 }),
  numCacheTokens: fc.option(fc.integer({ min: 0, max: 20_000 }), { nil: undefined }),
  experts: fc.record({
    count: fc.integer({ min: 1, max: 64 }),
    perToken: fc.integer({ min: 1, max: 8 }),
  }),
});
const aFactor = fc.constantFrom(1.5, 2, 2.5, 4);
const someDensity: fc.Arbitrary<Density> = fc.record({
  attentionMaxKv: fc.integer({ min: 1, max: 4000 }),
  attentionChunkFactor: aFactor,
  attentionKvFactor: aFactor,
  moeFactor: aFactor,
  skewNFactor: aFactor,
  skewPcFactor: aFactor,
  skewKpFactor: aFactor,
  skewKvsFactor: aFactor,
});

Deno.test("the default grids have the sizes of LLMServingSim's", () => {
  const grids = sweepGrids(BIG, DEFAULTS, NAMES);
  const sizes = Object.fromEntries(grids.map(({ category, keys }) => [category.name, keys.length]));
  assert.deepEqual(sizes, {
    dense: 152,
    per_sequence: 40,
    attention: 8643,
    moe: 50,
    skew: 13_009,
  });
  const [, , , , skewed] = grids;
  assert.equal(skewed!.shots, 39_027);
  // 28,085 different ones, of which attention has 2,067.
  assert.equal(skewed!.newShots, 26_018);
  assert.equal(sweepGrids(BIG, DEFAULTS, ["skew"])[0]!.newShots, 28_085);
  assert.equal(distinctShots(grids), 34_894);
  // 63 pairs of a batch size and a share, 9 chunks, 6 prefill histories, 8 decode histories, and the
  // 17 of the second tier: each is a case or has a reason.
  const left = skewed!.skipped.reduce((sum, { count }) => sum + count, 0);
  assert.equal(skewed!.keys.length + left, 63 * 9 * 6 * 8 + 17);
});

Deno.test("a finer moe grid has all keys of the usual one, and is the usual one from two on", () => {
  const keysOf = (moeFactor: number) =>
    sweepGrids(BIG, { ...DEFAULTS, moeFactor }, ["moe"])[0]!.keys.map(String);
  const usual = keysOf(2);
  assert.deepEqual(keysOf(4), usual);
  const finer = keysOf(1.25);
  assert.equal(finer.length, 623);
  assert.ok(new Set(finer).isSupersetOf(new Set(usual)));
});

Deno.test("axes end with their limit and step by the exact product", () => {
  assert.deepEqual(axisFromZero(16, 100, 2), [0, 16, 32, 64, 100]);
  assert.deepEqual(axisFromZero(16, 15, 2), [0]);
  assert.deepEqual(geometricAxis(16, 15, 2), [15]);
  assert.deepEqual(geometricAxis(16, 0, 2), []);
  // 1.5 from 1: 1, 1.5, 2.25, 3.375, 5.0625, 7.59: halves go to the even number.
  assert.deepEqual(geometricAxis(1, 8, 1.5), [1, 2, 3, 5, 8]);
  // 2.5 from 16 gives 1562.5 after five steps, which Math.round would make 1563.
  assert.ok(geometricAxis(16, 2048, 2.5).includes(1562));
  assert.deepEqual(tokenAxis(70).slice(-5), [52, 56, 60, 64, 70]);
  assert.deepEqual(tokenAxis(0), []);
  assert.throws(() => geometricAxis(1, 9, 1), RangeError);
  assert.throws(() => geometricAxis(1, 1e9, 1.0000001), RangeError);
  assert.throws(() => geometricAxis(16, 1e9, 1 + 2 ** -52), RangeError);
});

Deno.test("no key is there twice, and each candidate is a key or has a reason", () => {
  fc.assert(
    fc.property(someLimits, someDensity, (limits, density) => {
      for (const { category, keys, skipped } of sweepGrids(limits, density, NAMES)) {
        assert.equal(new Set(keys.map(String)).size, keys.length, category.name);
        for (const { reason, count } of skipped) assert.ok(reason.length > 10 && count > 0);
        if (category.name === "skew") continue;
        const candidates = category.axes(limits, density)
          .reduce((product, axis) => product * axis.length, 1);
        const left = skipped.reduce((sum, { count }) => sum + count, 0);
        assert.equal(keys.length + left, candidates, category.name);
      }
    }),
    { numRuns: 15 },
  );
});

Deno.test("a larger KV cache and longer requests lose no key", () => {
  fc.assert(
    fc.property(
      someLimits,
      someDensity,
      fc.integer({ min: 0, max: 9000 }),
      (limits, density, more) => {
        const cache = limits.numCacheTokens ?? 5000;
        const small = { ...limits, numCacheTokens: cache, maxModelLen: limits.maxModelLen };
        const roomy = { ...small, numCacheTokens: cache + more };
        // Histories end with max_model_len where it is the smaller, so that it moves a point.
        const longer = { ...small, maxModelLen: small.maxModelLen + more };
        const grids = sweepGrids(small, density, NAMES);
        for (
          const larger of [sweepGrids(roomy, density, NAMES), sweepGrids(longer, density, NAMES)]
        ) {
          for (const [place, { category, keys }] of grids.entries()) {
            if (category.name === "attention" && small.maxModelLen < density.attentionMaxKv) {
              continue;
            }
            const there = new Set(larger[place]!.keys.map(String));
            assert.ok(keys.every((key) => there.has(String(key))), category.name);
          }
        }
      },
    ),
    { numRuns: 15 },
  );
});

Deno.test("doubled limits of a batch lose no key", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 4, max: 9 }),
      fc.integer({ min: 1, max: 5 }),
      (tokens, seqs) => {
        const limits = { ...BIG, maxNumBatchedTokens: 2 ** tokens, maxNumSeqs: 2 ** seqs };
        const doubled = {
          ...limits,
          maxNumBatchedTokens: 2 * limits.maxNumBatchedTokens,
          maxNumSeqs: 2 * limits.maxNumSeqs,
        };
        const density = { ...DEFAULTS, attentionMaxKv: 2048 };
        const larger = sweepGrids(doubled, density, NAMES);
        for (const [place, { category, keys }] of sweepGrids(limits, density, NAMES).entries()) {
          // The second tier of skew stands at the second and third batch size, once there are such.
          const there = new Set(larger[place]!.keys.map(String));
          const lost = keys.filter((key) => !there.has(String(key)));
          assert.deepEqual(category.name === "skew" && seqs < 3 ? [] : lost, []);
        }
      },
    ),
    { numRuns: 8 },
  );
});

Deno.test("every shot of every key is a batch within the limits", () => {
  fc.assert(
    fc.property(someLimits, someDensity, (limits, density) => {
      for (const { category, keys } of sweepGrids(limits, density, NAMES)) {
        for (const key of keys) {
          for (const { requests } of category.shots(key)) {
            const count = requests.reduce((sum, [, , many]) => sum + many, 0);
            const tokens = requests.reduce((sum, [fresh, , many]) => sum + fresh * many, 0);
            const blocks = requests.reduce(
              (sum, [fresh, history, many]) => sum + many * Math.ceil((fresh + history) / 16) * 16,
              0,
            );
            assert.ok(count >= 1 && count <= Math.max(2, limits.maxNumSeqs), category.name);
            assert.ok(tokens <= limits.maxNumBatchedTokens + limits.maxNumSeqs + 1, category.name);
            assert.ok(
              requests.every(([fresh, history, many]) =>
                many === 0 || fresh + history <= limits.maxModelLen
              ),
              category.name,
            );
            // Skew counts a decode's history without its new token, as LLMServingSim does.
            if (category.name !== "skew" && limits.numCacheTokens !== undefined) {
              assert.ok(blocks <= limits.numCacheTokens, `${category.name} ${key}`);
            }
          }
        }
      }
    }),
    { numRuns: 8 },
  );
});

Deno.test("a shot is its multiset of requests and its forced experts", () => {
  const one = shotKey({ requests: [[16, 0, 1], [1, 64, 2], [1, 32, 1]] });
  const other = shotKey({ requests: [[1, 32, 1], [1, 64, 1], [16, 0, 1], [1, 64, 1], [1, 9, 0]] });
  assert.equal(one, other);
  assert.notEqual(one, shotKey({ requests: [[16, 0, 1], [1, 64, 2], [1, 32, 1]], experts: 8 }));
  assert.notEqual(one, shotKey({ requests: [[16, 0, 1], [1, 64, 3]] }));
});

Deno.test("a skew case has two lengths whose mean is rounded down", () => {
  assert.deepEqual(skewCase([8, 3, 1.5, 16, 0, 129]), {
    n: 8,
    nb: 3,
    skew: 1.5,
    pc: 16,
    kp: 0,
    kvs: 129,
    kvBig: 194,
    kvMean: 153,
  });
  const [mean, most, skewed] = skew.shots([8, 3, 1.5, 16, 0, 129]);
  assert.deepEqual(mean!.requests, [[16, 0, 1], [1, 153, 8]]);
  assert.deepEqual(most!.requests, [[16, 0, 1], [1, 194, 8]]);
  assert.deepEqual(skewed!.requests, [[16, 0, 1], [1, 194, 3], [1, 129, 5]]);
});

Deno.test("a grid of absurd size is refused", () => {
  const density = { ...DEFAULTS, attentionKvFactor: 1.0005, attentionChunkFactor: 1.001 };
  assert.throws(() => sweepGrids(BIG, density, ["attention"]), /give larger factors/);
});
