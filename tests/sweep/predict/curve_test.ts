/** Values between the points of a table. */

import assert from "node:assert/strict";
import { linear, monotone, steady } from "../../../kit/sweep/predict/curve.ts";
import { fc } from "../../deps.ts";

const curves = fc.uniqueArray(fc.nat(10_000), { minLength: 1, maxLength: 12 }).chain((keys) =>
  fc.array(fc.integer({ min: 1, max: 1_000_000 }), {
    minLength: keys.length,
    maxLength: keys.length,
  }).map((values) => ({ keys: keys.toSorted((one, other) => one - other), values }))
);
const METHODS = { linear, steady, monotone };

Deno.test("at a point of the table the value is the table's", () => {
  fc.assert(fc.property(curves, (curve) => {
    for (const [place, key] of curve.keys.entries()) {
      for (const method of Object.values(METHODS)) {
        assert.ok(Math.abs(method(curve, key) - curve.values[place]!) < 1e-6);
      }
    }
  }));
});

Deno.test("between two points a value stays between theirs, and below the first it is the first", () => {
  fc.assert(fc.property(curves, fc.double({ min: 0, max: 10_000, noNaN: true }), (curve, query) => {
    const { keys, values } = curve;
    const place = keys.findIndex((key) => key >= query);
    if (place < 0) return;
    const around = [values[Math.max(0, place - 1)]!, values[place]!];
    for (const [name, method] of Object.entries(METHODS)) {
      const found = method(curve, query);
      assert.ok(found >= Math.min(...around) - 1e-6 && found <= Math.max(...around) + 1e-6, name);
      if (place === 0) assert.equal(found, values[0]);
    }
  }));
});

Deno.test("where a table rises, what is read from it never falls, also behind its end", () => {
  const rising = curves.map(({ keys, values }) => ({
    keys,
    values: values.toSorted((one, other) => one - other),
  }));
  const queries = fc.array(fc.double({ min: 0, max: 30_000, noNaN: true }), { minLength: 2 });
  fc.assert(fc.property(rising, queries, (curve, found) => {
    const sorted = found.toSorted((one, other) => one - other);
    for (const [name, method] of Object.entries(METHODS)) {
      const values = sorted.map((query) => method(curve, query));
      for (let place = 1; place < values.length; place++) {
        assert.ok(values[place]! >= values[place - 1]! - 1e-6, name);
      }
    }
  }));
});

Deno.test("behind the end a steady line neither falls nor follows the noise of two near points", () => {
  const curve = { keys: [1, 500, 1000, 1984, 2000], values: [10, 510, 1010, 2020, 2000] };
  assert.equal(linear(curve, 4000), -500);
  assert.equal(steady(curve, 4000), 2000 + 2000 * (990 / 1000));
  assert.equal(steady({ keys: [1, 2], values: [5, 3] }, 100), 3);
});
