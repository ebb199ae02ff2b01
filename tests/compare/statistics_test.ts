import assert from "node:assert/strict";
import { changeOf, changeOfRows } from "../../kit/compare/change.ts";
import { meanOf, quantileOf, ratioOf } from "../../kit/compare/estimate.ts";
import { studentQuantile } from "../../kit/compare/student.ts";
import { Samples } from "../../kit/bundle/merge/samples.ts";
import { figureText, moved } from "../../kit/compare/words.ts";
import { fc } from "../deps.ts";
import { normals } from "../random.ts";
import { rowsFigure, timeFigure } from "./made.ts";

const near = (value: number, wanted: number, share: number) =>
  assert.ok(Math.abs(value / wanted - 1) < share, `${value} and ${wanted}`);

Deno.test("Student's quantiles are those of the printed tables", () => {
  const table: [number, number, number][] = [
    [0.95, 1, 12.7062],
    [0.95, 2, 4.30265],
    [0.95, 4, 2.77645],
    [0.95, 10, 2.22814],
    [0.99, 1, 63.6567],
    [0.99, 3, 5.84091],
    [0.999, 9, 4.78091],
    [0.95, 120, 1.97993],
    [0.95, 1e9, 1.96],
  ];
  for (const [confidence, freedom, wanted] of table) {
    near(studentQuantile(confidence, freedom), wanted, 1e-3);
  }
  assert.equal(studentQuantile(0.95, 4.9), studentQuantile(0.95, 4));
});

Deno.test("mean and percentiles are those of all samples", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
      (values) => {
        const { mean, p50, p95 } = Samples.of(values).statistics()!;
        near(meanOf(values, "ratio")!.value, mean, 1e-9);
        near(quantileOf(values, 0.5, "ratio")!.value, p50, 1e-9);
        near(quantileOf(values, 0.95, "ratio")!.value, p95, 1e-9);
        near(ratioOf(values, values, "ratio")!.value, 1, 1e-9);
      },
    ),
  );
});

Deno.test("the error of independent samples is about that of the textbook", () => {
  const noise = normals(7);
  const values = Array.from({ length: 4000 }, () => 100 + 10 * noise());
  const { error } = meanOf(values, "difference")!.within!;
  const textbook = 10 / Math.sqrt(4000);
  assert.ok(error > 0.6 * textbook && error < 2.5 * textbook, `${error} and ${textbook}`);
});

Deno.test("samples that stay high and low for long have a larger error than the textbook's", () => {
  const noise = normals(8);
  const values: number[] = [];
  for (let block = 0; block < 40; block++) {
    const level = 100 + 10 * noise();
    for (let n = 0; n < 100; n++) values.push(level + noise());
  }
  const textbook = 10 / Math.sqrt(4000);
  assert.ok(meanOf(values, "difference")!.within!.error > 4 * textbook);
  assert.ok(quantileOf(values, 0.5, "difference")!.within!.error > 4 * textbook);
});

Deno.test("few samples have a value and no error", () => {
  assert.deepEqual(meanOf([1, 2, 3], "ratio"), { value: 2 });
  assert.equal(meanOf([], "ratio"), undefined);
  assert.equal(ratioOf([1], [0], "ratio"), undefined);
  assert.equal(quantileOf([0, 0, 0], 0.5, "ratio"), undefined);
});

Deno.test("an interval of repeats is Student's, and holds the true change as often as it says", () => {
  const one = timeFigure("t.ms", 1);
  const side = (values: readonly number[]) => values.map((value) => ({ value: Math.exp(value) }));
  const known = changeOf(one, side([0, 0.1]), side([0.2, 0.3]), 0.95);
  // Pooled deviation 0.0707, two degrees of freedom: 4.303 × 0.0707.
  near(Math.log(known.interval![1]), 0.2 + 4.3027 * Math.sqrt(0.005), 1e-3);
  const noise = normals(11);
  let held = 0;
  for (let trial = 0; trial < 2000; trial++) {
    const made = () => Array.from({ length: 3 }, () => 0.05 * noise());
    const { interval } = changeOf(one, side(made()), side(made()), 0.95);
    if (interval![0] <= 1 && 1 <= interval![1]) held++;
  }
  assert.ok(held > 0.93 * 2000 && held < 0.97 * 2000, `${held} of 2000`);
});

Deno.test("repeats that are alike by chance are no surer than what happened within them", () => {
  const runs = [1, 2, 3].map(() => ({ value: 10, within: { error: 0.1, freedom: 9 } }));
  const { interval } = changeOf(timeFigure("t.ms", 10), runs, runs, 0.95);
  near(Math.log(interval![1]), 2.7764 * 0.1 * Math.sqrt(2 / 3), 1e-3);
});

Deno.test("one run a side counts as one of its stretches, and of repeats as the mean of many", () => {
  const run = (value: number) => ({ value, within: { error: 0.1, freedom: 9, stretches: 9 } });
  const half = (runs: number) => {
    const side = Array.from({ length: runs }, () => run(10));
    return Math.log(changeOf(timeFigure("t.ms", 10), side, side, 0.95).interval![1]);
  };
  near(half(1), 2.26216 * 3 * 0.1 * Math.SQRT2, 1e-3);
  near(half(2), 4.30265 * 0.1, 1e-3);
});

Deno.test("a run that was as slow as a stretch of another is no slower beyond noise", () => {
  const noise = normals(5);
  // A neighbour takes a third of the machine for a fifth of the time; for all of the time in the other run.
  const steps = (busy: (step: number) => boolean) =>
    Array.from({ length: 1000 }, (_, step) => 5 * (busy(step) ? 1.4 : 1) * (1 + 0.02 * noise()));
  const figures = [steps((step) => step >= 400 && step < 600), steps(() => true)].map((values) =>
    meanOf(values, "ratio")!
  );
  const name = timeFigure("t.ms", 1);
  const { change, interval } = changeOf(name, [figures[0]!], [figures[1]!], 0.95);
  assert.ok(change > 1.25, `${change}`);
  assert.ok(interval![0] < 1, `${interval}`);
  // Five times as slow is none of that.
  const slow = meanOf(steps(() => true).map((ms) => 5 * ms), "ratio")!;
  assert.ok(changeOf(name, [figures[0]!], [slow], 0.95).interval![0] > 2);
});

Deno.test("without repeats and without samples there is no interval", () => {
  const { interval, basis, change } = changeOf(
    timeFigure("t.ms", 1),
    [{ value: 4 }],
    [{ value: 5 }],
    0.95,
  );
  assert.deepEqual([interval, basis, change], [undefined, undefined, Math.exp(Math.log(1.25))]);
});

Deno.test("to swap the sides turns a change and its interval round", () => {
  const value = fc.double({ min: 0.1, max: 1000, noNaN: true });
  const error = fc.double({ min: 0, max: 0.5, noNaN: true });
  const run = fc.record({
    value,
    within: fc.record({ error, freedom: fc.integer({ min: 1, max: 20 }) }),
  });
  const runs = fc.array(run, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(runs, runs, fc.constantFrom("ratio", "difference"), (a, b, scale) => {
      const one = { ...timeFigure("t.ms", 1), scale: scale as "ratio" };
      const [there, back] = [changeOf(one, a, b, 0.9), changeOf(one, b, a, 0.9)];
      const close = (left: number, right: number) =>
        assert.ok(Math.abs(left - right) <= 1e-6 * Math.max(1, Math.abs(left)), `${left} ${right}`);
      const turned = (number: number) => scale === "ratio" ? 1 / number : -number;
      close(there.change, turned(back.change));
      if (there.interval![1] < 1e6 && back.interval![1] < 1e6) {
        close(there.interval![0], turned(back.interval![1]));
        close(there.interval![1], turned(back.interval![0]));
      }
    }),
  );
});

Deno.test("matched rows are those that all have, whatever else there is", () => {
  const a = rowsFigure("t.us", { x: 1, y: 2, only: 77 });
  const b = rowsFigure("t.us", { y: 4, x: 2, other: 0.1 });
  const { change, rows } = changeOfRows(a, [a], [b], 0.95)!;
  near(change, 2, 1e-12);
  assert.equal(rows, 2);
  assert.equal(changeOfRows(a, [a], [rowsFigure("t.us", { z: 1 })], 0.95), undefined);
});

Deno.test("rows that change alike have a narrow interval, and others a wide one", () => {
  const rows = (factor: (place: number) => number) =>
    rowsFigure(
      "t.us",
      Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`k${n}`, (n + 1) * factor(n)])),
    );
  const a = rows(() => 1);
  const even = changeOfRows(a, [a], [rows(() => 1.2)], 0.95)!;
  const uneven = changeOfRows(a, [a], [rows((n) => n < 20 ? 0.5 : 3)], 0.95)!;
  assert.ok(even.interval![0] > 1.19 && even.interval![1] < 1.21);
  assert.ok(uneven.interval![0] < 1 && uneven.interval![1] > 2);
});

Deno.test("changes are told as people say them", () => {
  const ratio = { scale: "ratio" } as const;
  const difference = { scale: "difference" } as const;
  assert.deepEqual(
    [1.123, 0.5, 1, 0.9999, 12.34].map((value) => moved(value, ratio)),
    ["+12.3 %", "-50.0 %", "0.0 %", "0.0 %", "×12.34"],
  );
  assert.deepEqual([moved(3, difference), moved(-1234.5, difference)], ["+3", "-1235"]);
  assert.deepEqual([figureText(0.00012345), figureText(98765.4)], ["0.0001234", "98765"]);
});
