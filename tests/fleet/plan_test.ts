import assert from "node:assert/strict";
import { cutEngine, sharesOf } from "../../kit/fleet/cut.ts";
import { evenSeconds, lowerBoundSeconds, makespanSeconds } from "../../kit/fleet/makespan.ts";
import { jobAgain, without } from "../../kit/fleet/missing.ts";
import { planFleet } from "../../kit/fleet/plan.ts";
import {
  type EngineWork,
  type FleetJob,
  type ShotRange,
  workSeconds,
} from "../../kit/fleet/work.ts";
import { fc } from "../deps.ts";
import { makeBatch } from "./batches.ts";

/** Ranges in ascending order, from the lengths of gaps and parts. */
const ranges = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 60 })), { maxLength: 6 })
  .map((steps) => {
    let place = 0;
    return steps.map(([gap, length]): ShotRange => {
      const from = place + gap;
      place = from + length;
      return { from, to: place };
    });
  });

const works: fc.Arbitrary<EngineWork> = fc.record({
  engine: fc.constant("model/tp1"),
  bootSeconds: fc.integer({ min: 1, max: 300 }),
  categories: fc.array(
    fc.record({
      missing: ranges,
      secondsPerShot: fc.double({ min: 0.001, max: 20, noNaN: true }),
    }),
    { maxLength: 4 },
  ).map((all) => all.map((one, place) => ({ category: `category-${place}`, ...one }))),
});

/** Each shot that is in a list of ranges, as text. */
function shotsOf(parts: readonly { category: string; from: number; to: number }[]): string[] {
  return parts.flatMap(({ category, from, to }) =>
    Array.from({ length: to - from }, (_, shot) => `${category} ${from + shot}`)
  );
}

const wanted = ({ categories }: EngineWork) =>
  shotsOf(
    categories.flatMap(({ category, missing }) => missing.map((range) => ({ category, ...range }))),
  );

const planned = (jobs: readonly FleetJob[]) => shotsOf(jobs.flatMap(({ units }) => units));

Deno.test("each missing shot is in exactly one job, in the order of the grid", () => {
  fc.assert(
    fc.property(works, fc.double({ min: 1, max: 3000, noNaN: true }), (work, length) => {
      const shares = sharesOf(work, length);
      const jobs = cutEngine(work, shares);
      assert.deepEqual(planned(jobs), wanted(work));
      assert.ok(jobs.length <= shares.length);
      const sum = jobs.reduce((seconds, job) => seconds + job.seconds - job.bootSeconds, 0);
      assert.ok(Math.abs(sum - workSeconds(work)) < 1e-6 * (1 + sum));
    }),
  );
});

Deno.test("a job is no longer than wished, but for one shot or an equal boot", () => {
  fc.assert(
    fc.property(works, fc.double({ min: 1, max: 3000, noNaN: true }), (work, length) => {
      const shot = Math.max(0, ...work.categories.map(({ secondsPerShot }) => secondsPerShot));
      for (const { seconds } of cutEngine(work, sharesOf(work, length))) {
        // A rest that is not worth a boot is spread over the others.
        assert.ok(seconds <= Math.max(length, 2 * work.bootSeconds) + work.bootSeconds + 2 * shot);
      }
    }),
  );
});

Deno.test("a range without others keeps what is in none of them", () => {
  fc.assert(
    fc.property(ranges, fc.nat(100), fc.integer({ min: 1, max: 200 }), (taken, from, length) => {
      const left = without({ from, to: from + length }, taken);
      const inside = (shot: number) => taken.some((part) => part.from <= shot && shot < part.to);
      const expected = Array.from({ length }, (_, n) => from + n).filter((shot) => !inside(shot));
      assert.deepEqual(
        left.flatMap((part) =>
          Array.from({ length: part.to - part.from }, (_, n) => part.from + n)
        ),
        expected,
      );
      assert.ok(left.every((part) => part.to > part.from));
    }),
  );
});

Deno.test("a job that is done again lacks exactly what is home", () => {
  fc.assert(
    fc.property(works, ranges, (work, home) => {
      for (const job of cutEngine(work, [Infinity])) {
        const again = jobAgain(job, () => home);
        const left = shotsOf(job.units).filter((text) => {
          const shot = Number(text.split(" ")[1]);
          return !home.some(({ from, to }) => from <= shot && shot < to);
        });
        assert.deepEqual(again ? planned([again]) : [], left);
      }
    }),
  );
});

Deno.test("no plan is quicker than its bound, and none loses or doubles a shot", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(works, { maxLength: 12 }), fc.integer({ min: 1, max: 20 }), async (
      batch,
      gpus,
    ) => {
      const named = batch.map((work, place) => ({ ...work, engine: `engine-${place}` }));
      const { jobs, seconds, lowerBoundSeconds: bound } = await planFleet(named, gpus);
      assert.ok(seconds >= bound * (1 - 1e-9), `${seconds} and ${bound}`);
      assert.ok(bound >= evenSeconds(named, gpus) * (1 - 1e-6));
      for (const work of named) {
        const own = jobs.filter(({ engine }) => engine === work.engine);
        assert.deepEqual(planned(own).sort(), wanted(work).sort());
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("free GPUs take the next job of the queue", async () => {
  assert.equal(await makespanSeconds([4, 3, 2, 2], 2), 6);
  assert.equal(await makespanSeconds([4, 3, 2, 2], 9), 4);
  assert.equal(await makespanSeconds([], 3), 0);
});

Deno.test("the bound counts the boots that no plan can do without", () => {
  const categories = [{ category: "dense", missing: [{ from: 0, to: 90 }], secondsPerShot: 1 }];
  const work = { engine: "one", bootSeconds: 10, categories };
  // Three GPUs boot three times: 90 / 3 + 10.
  assert.ok(Math.abs(lowerBoundSeconds([work], 3) - 40) < 1e-3);
  assert.ok(Math.abs(evenSeconds([work], 3) - 100 / 3) < 1e-3);
});

Deno.test("500 models on 1,000 GPUs are planned within a tenth of what no plan can beat", async () => {
  for (const seed of [1, 2, 3]) {
    const { seconds, lowerBoundSeconds: bound } = await planFleet(makeBatch(500, seed), 1000);
    assert.ok(seconds < 1.1 * bound, `${seconds} and ${bound}`);
  }
});
