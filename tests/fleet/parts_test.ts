/** Parts of a unit: together they have each shot once, and as text they come back as they were. */

import assert from "node:assert/strict";
import { cutEngine, sharesOf } from "../../kit/fleet/cut.ts";
import { isLate } from "../../kit/fleet/help.ts";
import {
  countsOf,
  isIn,
  overlap,
  partOf,
  partText,
  placed,
  readPart,
  workOfShots,
} from "../../kit/fleet/parts.ts";
import { nodeRates, ratesText } from "../../kit/fleet/node_rates.ts";
import type { RayJob } from "../../kit/fleet/ray.ts";
import { jobsOfUnits, type UnitShots } from "../../kit/fleet/unit_work.ts";
import { ENGINE_START_SECONDS } from "../../kit/sweep/plan/estimate.ts";
import { fc } from "../deps.ts";

/** Shots of two categories that come in turns. */
const shots = fc.array(fc.constantFrom("dense", "attention"), { minLength: 1, maxLength: 200 })
  .map((names) => placed(names.map((category, n) => ({ k: String(n), category }))));

Deno.test("the parts of a unit have each shot once, and those that its engine has beyond the plan", () => {
  fc.assert(
    fc.property(shots, fc.integer({ min: 1, max: 50 }), (all, length) => {
      const categories = workOfShots(all, () => 1);
      const work = { engine: "", bootSeconds: 2, categories };
      const counts = countsOf(all);
      const parts = cutEngine(work, sharesOf(work, length)).map((job) => partOf(job, counts));
      const more = [...counts].map(([category, place]) => ({ k: "more", category, place }));
      for (const shot of [...all, ...more]) {
        assert.equal(parts.filter((part) => isIn(part, shot)).length, 1);
      }
      for (const [place, part] of parts.entries()) {
        assert.deepEqual(readPart(JSON.stringify(part)), part);
        assert.ok(overlap(part, undefined) && overlap(part, part));
        assert.ok(parts.slice(place + 1).every((other) => !overlap(part, other)));
        assert.notEqual(partText(part), "");
      }
    }),
  );
});

Deno.test("what is no part is none", () => {
  for (const text of [undefined, "", "{}", "[1]", '[{"category":"dense"}]', "[null]"]) {
    assert.equal(readPart(text), undefined);
  }
  assert.equal(
    partText([{ category: "dense", from: 0 }, { category: "skew", from: 2, to: 9 }]),
    "dense, skew 3 to 9",
  );
});

Deno.test("a job is late that takes much longer than was expected, and no other", () => {
  const rest = { engine: "", bootSeconds: 60, units: [], seconds: 160 };
  const late = (doneSeconds: number, runSeconds: number) =>
    isLate({ id: "", rest, doneSeconds, runSeconds });
  // It boots, as long as may be.
  assert.equal(late(0, 60), false);
  assert.equal(late(0, 200), true);
  // It goes as was expected, a little slower, and three times slower.
  assert.equal(late(100, 160), false);
  assert.equal(late(100, 180), false);
  assert.equal(late(100, 360), true);
});

Deno.test("nodes have their own rates, and one that has not held a job has none", () => {
  const job = (node: string | null, seconds: number): RayJob => ({
    ...{ submission_id: "a", status: "SUCCEEDED", driver_node_id: node },
    ...{ start_time: 1000, end_time: 1000 + seconds * 1000 },
  });
  const journal = (count: number) => ({
    sweeps: [{ sweep: 1 }, { sweep: 2 }] as never,
    shots: [{ s: 1 }, ...Array.from({ length: count }, () => ({ s: 2 }))] as never,
  });
  const rates = nodeRates([
    { job: job("b", 10), journal: journal(5) },
    { job: job("a", 20), journal: journal(40) },
    { job: job("b", 10), journal: undefined },
    { job: job("c", 0), journal: undefined },
    { job: job(null, 10), journal: journal(9) },
  ], 0);
  assert.deepEqual(rates, [
    { node: "a", jobs: 1, shots: 40, job_seconds: 20, shots_per_sec: 2 },
    { node: "b", jobs: 2, shots: 5, job_seconds: 20, shots_per_sec: 0.25 },
    { node: "c", jobs: 1, shots: 0, job_seconds: 0 },
  ]);
  assert.equal(ratesText(rates), "1.1 shots/s a node, the slowest 0.25");
  assert.equal(ratesText([]), "");
});

Deno.test("a unit is cut where the cluster has room and each part is long beside a boot, and no other is", async () => {
  const shots = placed(
    Array.from({ length: 300_000 }, (_, n) => ({ k: String(n), category: "attention" })),
  );
  const unit = (name: string, seconds: number): UnitShots => ({
    // Of a sweep no more is looked at.
    unit: { name, seconds, sweep: { plan: { values: { measurementIterations: 3 } } } } as never,
    all: () => name === "long" ? shots : [],
  });
  const [long, short] = [unit("long", ENGINE_START_SECONDS + 4800), unit("short", 600)];
  const jobs = await jobsOfUnits([long, short], 8, undefined);
  const parts = jobs.get(long)!;
  assert.ok(parts.length > 2 && parts.length <= 8, `${parts.length} parts`);
  for (const shot of [shots[0]!, shots[150_000]!, shots.at(-1)!]) {
    assert.equal(parts.filter(({ part }) => isIn(part, shot)).length, 1);
  }
  // The last one takes what is left.
  assert.ok(parts.slice(0, -1).every(({ seconds }) => seconds >= 5 * ENGINE_START_SECONDS));
  assert.deepEqual(jobs.get(short)!.map(({ part }) => part), [undefined]);
  const alone = await jobsOfUnits([long, short], 1, undefined);
  assert.deepEqual(alone.get(long)!.map(({ part }) => part), [undefined]);
});
