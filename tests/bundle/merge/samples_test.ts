import assert from "node:assert/strict";
import { percentile, Samples } from "../../../kit/bundle/merge/samples.ts";
import { fc } from "../../deps.ts";

const numbers = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), {
  minLength: 1,
  maxLength: 1000,
});

function samplesOf(values: number[]): Samples {
  const samples = new Samples();
  for (const value of values) samples.add(value);
  return samples;
}

Deno.test("statistics() tells extremes, and percentiles in order between them", () => {
  fc.assert(fc.property(numbers, (values) => {
    const found = samplesOf(values).statistics()!;
    assert.equal(found.count, values.length);
    assert.equal(found.min, values.reduce((a, b) => Math.min(a, b)));
    assert.equal(found.max, values.reduce((a, b) => Math.max(a, b)));
    const order = [found.min, found.p50, found.p95, found.p99, found.max];
    assert.deepEqual(order, order.toSorted((a, b) => a - b));
  }));
});

Deno.test("statistics() of known values", () => {
  const { mean, std, p50, p95 } = samplesOf([4, 1, 3, 2]).statistics()!;
  assert.deepEqual([mean, p50], [2.5, 2.5]);
  assert.ok(Math.abs(std - Math.sqrt(5 / 3)) < 1e-12);
  assert.ok(Math.abs(p95 - 3.85) < 1e-12);
});

Deno.test("nothing and what is no number make no statistics", () => {
  assert.equal(samplesOf([]).statistics(), undefined);
  assert.equal(samplesOf([NaN, Infinity]).statistics(), undefined);
  assert.equal(samplesOf([7]).statistics()!.std, 0);
});

Deno.test("percentile() of a single value is that value", () => {
  assert.equal(percentile(Float64Array.of(5), 0.99), 5);
});
