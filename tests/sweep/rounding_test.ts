/** Numbers as Python rounds and prints them. The expected ones were printed by Python 3.11. */

import assert from "node:assert/strict";
import { pythonFloat, roundDecimals, roundHalfEven, sixDigits } from "../../kit/sweep/rounding.ts";
import { fc } from "../deps.ts";

Deno.test("of two whole numbers that are equally near the even one is taken", () => {
  const found = [0.5, 1.5, 2.5, 1562.5, 2343.75, -0.5, -1.5, 3].map(roundHalfEven);
  assert.deepEqual(found, [0, 2, 2, 1562, 2344, 0, -2, 3]);
});

Deno.test("decimals are rounded by the exact value of the double", () => {
  for (
    const [value, text] of [
      [0.03125, "0.0312"],
      [0.09375, "0.0938"],
      [-0.03125, "-0.0312"],
      [0.00005, "0.0001"],
      [0.00015, "0.0001"],
      [2.675, "2.675"],
      [-0.00001, "-0.0"],
      [1, "1.0"],
      [-735, "-735.0"],
      [15199648742375.416, "15199648742375.416"],
    ] as const
  ) assert.equal(pythonFloat(roundDecimals(value, 4)), text);
});

Deno.test("floats are printed as Python prints them", () => {
  for (
    const [value, text] of [
      [0, "0.0"],
      [-0, "-0.0"],
      [1e-5, "1e-05"],
      [1.5e-7, "1.5e-07"],
      [0.0001, "0.0001"],
      [1e15, "1000000000000000.0"],
      [1e16, "1e+16"],
      [1.25e22, "1.25e+22"],
      [NaN, "nan"],
      [-Infinity, "-inf"],
    ] as const
  ) assert.equal(pythonFloat(value), text);
});

Deno.test("six digits are those of %.6g", () => {
  for (
    const [value, text] of [
      [0, "0"],
      [1234567, "1.23457e+06"],
      [1234565, "1.23456e+06"],
      [-1234575, "-1.23458e+06"],
      [123456.5, "123456"],
      [999999.5, "1e+06"],
      [12.5, "12.5"],
      [0.0001234567, "0.000123457"],
      [0.00001234567, "1.23457e-05"],
      [100, "100"],
      [3.10784, "3.10784"],
    ] as const
  ) assert.equal(sixDigits(value), text);
});

Deno.test("whatever is printed reads back as the same number", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    assert.ok(Object.is(Number(pythonFloat(value)), value));
  }));
});
