/** Sums that are put together, and lookups, against plain ones. */

import assert from "node:assert/strict";
import { fc } from "../../deps.ts";
import { Activities, Activity } from "../../../kit/analysis/activity/activities.ts";
import { Durations } from "../../../kit/analysis/activity/durations.ts";
import { LaunchTimes } from "../../../kit/analysis/nsys/launch_times.ts";

Deno.test("durations that are merged are those of all values", () => {
  const values = fc.array(fc.oneof(fc.nat(50), fc.nat(5_000_000)), { maxLength: 300 });
  fc.assert(fc.property(values, values, (left, right) => {
    const [a, b, all] = [new Durations(), new Durations(), new Durations()];
    for (const value of left) a.add(value);
    for (const value of right) b.add(value);
    for (const value of [...left, ...right]) all.add(value);
    a.merge(b);
    const told = (one: Durations) => [one.count, one.total, one.min, one.max, one.median()];
    assert.deepEqual(told(a), told(all));
    assert.ok(Math.abs(a.deviation() - all.deviation()) <= 1e-6 * (1 + all.deviation()));
  }));
});

Deno.test("a merge with more different values than are kept says how far the median is off", () => {
  const [a, b] = [new Durations(), new Durations()];
  for (let value = 0; value < 200_000; value++) b.add(3 * value);
  a.add(1);
  a.merge(b);
  assert.equal(a.medianWithin, b.medianWithin);
  assert.ok(a.medianWithin > 0);
  assert.ok(Math.abs(a.median() - 3 * 99_999.5) <= a.medianWithin + 3);
});

Deno.test("activities are sorted by start whatever the order in which they came", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ start: fc.nat(60), stream: fc.nat(2), device: fc.nat(1) }), {
      maxLength: 200,
    }),
    (rows) => {
      const activities = new Activities();
      for (const { start, stream, device } of rows) {
        activities.add(Activity.Kernel, activities.lane(device, stream), 0, start, 1, -1);
      }
      for (const [device, found] of activities.byDevice()) {
        const wanted = rows.filter((row) => row.device === device).map(({ start }) => start);
        assert.deepEqual(
          [...found].map((row) => activities.start(row)),
          wanted.toSorted((a, b) => a - b),
        );
        assert.equal(new Set(found).size, wanted.length);
      }
    },
  ));
});

Deno.test("launches are found by their correlation", () => {
  const correlation = fc.oneof(fc.nat(300), fc.nat(0xffff_fffe), fc.constant(NaN), fc.constant(-1));
  fc.assert(fc.property(
    fc.array(fc.tuple(correlation, fc.nat(), fc.boolean()), { maxLength: 900 }),
    (calls) => {
      const launches = new LaunchTimes();
      const plain = new Map<number, [number, boolean]>();
      for (const [correlation, time, graph] of calls) {
        launches.add(correlation, time, graph);
        if (correlation >= 0 && !plain.has(correlation)) plain.set(correlation, [time, graph]);
      }
      for (const key of [...plain.keys(), 7, 301, NaN, -1, 2 ** 40]) {
        const [time, graph] = plain.get(key) ?? [NaN, false];
        assert.deepEqual([launches.time(key), launches.isGraph(key)], [time, graph]);
      }
    },
  ));
});
