/** Statistics of durations against sorted lists. */

import assert from "node:assert/strict";
import { Durations } from "../../../kit/analysis/activity/durations.ts";
import { fc } from "../../deps.ts";

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

Deno.test("the median is exact for whole and broken numbers", () => {
  const value = fc.oneof(
    fc.nat(20),
    fc.nat(2 ** 31 - 1),
    fc.double({ min: 0, max: 1e12, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
      const durations = new Durations();
      for (const one of values) durations.add(one);
      assert.equal(durations.medianWithin, 0);
      assert.equal(durations.count, values.length);
      assert.equal(durations.max, Math.max(...values));
      const median = medianOf(values);
      // Between two of the smallest numbers there is none: half of one is rounded.
      const within = Math.max(1e-12 * median, Number.MIN_VALUE);
      assert.ok(Math.abs(durations.median() - median) <= within);
    }),
  );
});

Deno.test("beyond 65,536 different values memory stays, and the median says how far it may be off", () => {
  const durations = new Durations();
  const values: number[] = [];
  // A linear congruential generator: every run has the same values.
  for (let at = 0, state = 1; at < 400_000; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values.push((state >>> 8) % 3_000_000);
    durations.add(values.at(-1)!);
  }
  const within = durations.medianWithin;
  assert.ok(within > 0 && within <= 64, String(within));
  assert.ok(Math.abs(durations.median() - medianOf(values)) <= within);
  assert.equal(durations.total, values.reduce((sum, value) => sum + value, 0));
  assert.equal(durations.count, values.length);
});
