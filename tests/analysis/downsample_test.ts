import assert from "node:assert/strict";
import { Series } from "../../kit/analysis/downsample.ts";
import { fc } from "../deps.ts";

Deno.test("a series stays within its limit, in order, and keeps its extremes", () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), {
    minLength: 1,
    maxLength: 3000,
  });
  fc.assert(fc.property(values, fc.integer({ min: 8, max: 200 }), (ys, limit) => {
    const series = new Series(limit);
    ys.forEach((y, x) => series.add(x, y));
    const points = series.points();
    assert.ok(points.x.length <= limit);
    assert.deepEqual(points.x, points.x.toSorted((a, b) => a - b));
    assert.equal(Math.max(...points.y), Math.max(...ys));
    assert.equal(Math.min(...points.y), Math.min(...ys));
    points.x.forEach((x, place) => assert.equal(points.y[place], ys[x]));
  }));
});
