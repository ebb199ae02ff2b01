/** A session against a sweep. */

import assert from "node:assert/strict";
import type { Batch, Requests } from "../../../kit/sweep/predict/batch.ts";
import { compareSession } from "../../../kit/sweep/predict/compare_session.ts";
import { sessionSteps } from "../../../kit/sweep/predict/session_steps.ts";
import { vscopeHere } from "../../cli.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";
import { ROOT } from "../../dev/run.ts";
import { edit, writeSweep } from "../made.ts";
import { type MadeRequest, writeSession } from "./made_session.ts";
import { opened } from "./opened.ts";

const REQUESTS: MadeRequest[] = [
  { arrives: 0, prompt: 90, cached: 0, generated: 12 },
  { arrives: 0, prompt: 20, cached: 16, generated: 30 },
  { arrives: 0, prompt: 25, cached: 0, generated: 9 },
  { arrives: 4, prompt: 300, cached: 32, generated: 20 },
  { arrives: 5, prompt: 40, cached: 0, generated: 1 },
  { arrives: 9, prompt: 31, cached: 0, generated: 25 },
];
const STILL = () => ({ forwardMs: 1, sampleMs: 0 });

/** Requests of a batch in an order that does not matter. */
function multiset({ prefills, decodes }: Batch): string[] {
  const text = ({ tokens, history, count }: Requests) => `${count}x${tokens}+${history}`;
  return [...prefills, ...decodes].map(text).sort();
}

Deno.test("the batches of a session are put together, request by request", async () => {
  const request = fc.record({
    arrives: fc.nat(12),
    prompt: fc.integer({ min: 2, max: 200 }),
    cached: fc.constantFrom(0, 0, 1),
    generated: fc.integer({ min: 1, max: 12 }),
  });
  const requests = fc.array(request, { minLength: 1, maxLength: 9 }).map((made) =>
    made.toSorted((one, other) => one.arrives - other.arrives)
  );
  await fc.assert(
    fc.asyncProperty(requests, fc.integer({ min: 24, max: 300 }), async (made, budget) => {
      await inFolder(async (dir) => {
        const batches = await writeSession(dir, made, budget, STILL);
        const steps = await sessionSteps(Deno, dir);
        assert.equal(steps.length, batches.length);
        for (const [place, { batch, knowledge }] of steps.entries()) {
          assert.equal(knowledge, "requests");
          assert.deepEqual(multiset(batch!), multiset(batches[place]!));
        }
      });
    }),
    { numRuns: 60 },
  );
});

Deno.test("without the requests' lives the sums say what they can, and no more", async () => {
  await inFolder(async (dir) => {
    const batches = await writeSession(dir, REQUESTS, 64, STILL);
    await Deno.remove(`${dir}/request_lifecycle.csv`);
    const steps = await sessionSteps(Deno, dir);
    let unknown = 0;
    for (const [place, step] of steps.entries()) {
      const real = batches[place]!;
      const chunks = real.prefills.length;
      if (chunks > 1) {
        unknown++;
        assert.equal(step.batch, undefined);
        assert.match(step.unknown!, /several chunks/);
        continue;
      }
      assert.equal(step.knowledge, "means");
      assert.deepEqual(step.batch!.prefills, real.prefills);
      const total = (batch: Batch) =>
        batch.decodes.reduce((sum, { history, count }) => sum + history * count, 0);
      assert.equal(total(step.batch!), total(real));
    }
    assert.ok(unknown > 0 && unknown < steps.length);
  });
});

Deno.test("a batch whose sums do not fit is not guessed", async () => {
  await inFolder(async (dir) => {
    await writeSession(dir, REQUESTS, 64, STILL);
    await edit(`${dir}/request_lifecycle.csv`, (text) => text.replace(",300,32,", ",299,33,"));
    const steps = await sessionSteps(Deno, dir);
    const wrong = steps.filter(({ knowledge }) => knowledge !== "requests");
    assert.ok(wrong.length > 0 && wrong.length < steps.length);
    for (const { knowledge, unknown } of wrong) assert.ok(knowledge === "means" || unknown);
    await edit(
      `${dir}/batch_utilization.csv`,
      (text) => text.replace(/^((?:[^,]*,){11})0,/m, "$15,"),
    );
    const [first] = await sessionSteps(Deno, dir);
    assert.match(first!.unknown!, /preemption/);
  });
});

Deno.test("what steps take on top of a sweep, and by how much kernels differ, is found", async () => {
  await inFolder(async (dir) => {
    await writeSweep(`${dir}/sweep`);
    const predictor = await opened(`${dir}/sweep`);
    await writeSession(`${dir}/session`, REQUESTS, 64, (batch) => {
      const { ns, layers } = predictor.predict(batch);
      const sampler = layers.find(({ layer }) => layer === "sampler")!.ns;
      return {
        forwardMs: 0.5 + 1.25 * (ns - sampler) / 1e6,
        sampleMs: 0.25 + 1.25 * sampler / 1e6,
      };
    });
    const found = compareSession(predictor, await sessionSteps(Deno, `${dir}/session`));
    assert.deepEqual(found.unknown, {});
    assert.equal(found.known.means, 0);
    for (const { steps, difference, line, measured_us, predicted_us } of found.classes) {
      assert.ok(Math.abs(difference.total_us - (measured_us - predicted_us)) < 0.01);
      const parts = difference.forward_us + difference.sampling_us!;
      assert.ok(Math.abs(parts - difference.total_us) < 0.01);
      if (line) {
        assert.ok(Math.abs(line.factor - 1.25) < 0.001, String(line.factor));
        assert.ok(Math.abs(line.constant_us - 750) < 1, String(line.constant_us));
      }
      assert.ok(difference.sampling_us! > 250 * steps);
    }
    assert.ok(found.classes.some(({ line }) => line !== undefined));
    assert.ok(found.all!.signed_mean < -0.2);
  });
});

Deno.test("bundle predict --session tells it, and refuses what does not fit", async () => {
  await inFolder(async (dir) => {
    await writeSweep(`${dir}/sweep`);
    await writeSession(`${dir}/session`, REQUESTS, 64, STILL);
    const args = ["bundle", "predict", `${dir}/sweep`, "--session", `${dir}/session`];
    const { code, stdout, stderr } = await vscopeHere([...args, "--json"]);
    assert.equal(code, 0, stderr);
    const document = JSON.parse(stdout);
    assert.equal(document.compared.requests, document.steps);
    assert.equal(document.timeline.length, document.steps);
    assert.deepEqual(Object.keys(document.timeline[0]).sort(), [
      ...[
        "extrapolated",
        "graph",
        "known",
        "measured_us",
        "operators_us",
        "phase",
        "predicted_us",
        "seconds",
        "step",
      ],
    ]);
    assert.deepEqual(document.compared.unknown, {});
    assert.ok(document.error.count === document.steps);
    const text = (await vscopeHere(args)).stdout;
    assert.match(text, /Predicted against measured:/);
    assert.match(text, /decode eager: [+-]?\d+ µs a step/);
    for (
      const [more, why] of [
        [["--tp", "2"], /it ran at TP degree 1, and --tp says 2/],
        [["--shape", "12"], /leave out --shape and --batch/],
      ] as const
    ) {
      const refused = await vscopeHere([...args, ...more]);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, why);
    }
    const other = await vscopeHere([
      ...["bundle", "predict", `${dir}/sweep`, "--session", `${ROOT}/perf/examples/session`],
    ]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /its model is a qwen3, and the sweep's is a qwen3_moe/);
    const none = await vscopeHere([
      "bundle",
      "predict",
      `${dir}/sweep`,
      "--session",
      `${dir}/none`,
    ]);
    assert.equal(none.code, 2);
  });
});

Deno.test("every step of the recorded sessions is put together from their tables, or says why not", async () => {
  for (const name of ["session", "moe"]) {
    const dir = `${ROOT}/perf/examples/${name}`;
    const { total_preemptions } = JSON.parse(
      await Deno.readTextFile(`${dir}/preemption_summary.json`),
    );
    assert.ok(total_preemptions > 0);
    const steps = await sessionSteps(Deno, dir);
    assert.ok(steps.length > 1000);
    // What a preemption dropped is computed again in chunks that the session does not tell of one by one: from then on the
    // lives of requests do not prove a batch until all of them have ended, and decodes are known by their mean.
    const proven = steps.filter(({ knowledge }) => knowledge === "requests");
    assert.ok(proven.length > 300, `${proven.length} steps`);
    for (const { knowledge, batch, unknown, phase } of steps) {
      assert.equal(knowledge === undefined, unknown !== undefined);
      assert.equal(knowledge === undefined, batch === undefined);
      if (phase === "decode") assert.ok(batch);
    }
    const reasons = new Set(steps.flatMap(({ unknown }) => unknown ?? []));
    assert.deepEqual([...reasons].sort(), [
      "it computed again what a preemption had dropped",
      "it has several chunks, and the session does not tell each one's tokens",
    ]);
  }
});
