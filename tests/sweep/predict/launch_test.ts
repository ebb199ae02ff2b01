/** What a step takes besides its operators: found from steps, and in predictions. */

import assert from "node:assert/strict";
import {
  fitLaunch,
  type Launches,
  launchFor,
  type LaunchTerm,
  readLaunches,
  stepUs,
} from "../../../kit/sweep/predict/launch.ts";
import { parseShape } from "../../../kit/sweep/predict/batch.ts";
import { vscope } from "../../cli.ts";
import { fc } from "../../deps.ts";
import { edit } from "../made.ts";
import { withSweep } from "./opened.ts";

const TERM: LaunchTerm = { graph: "eager", phases: ["decode"], steps: 40 };

/** Steps by a law, from 100 µs of operators to 40 times as many, with noise of 1 %. */
function steps(law: (us: number) => number) {
  return Array.from({ length: 120 }, (_, place) => {
    const kernelsUs = 100 * 40 ** (place / 119);
    return {
      phase: "decode",
      kernelsUs,
      measuredUs: law(kernelsUs) * (1 + ((place * 37) % 21 - 10) / 1000),
    };
  });
}

Deno.test("floor, addition and factor are found from steps that have them", () => {
  const law = fc.record({
    floor: fc.constantFrom(0, 600, 1500),
    added: fc.constantFrom(0, 80, 400),
    factor: fc.constantFrom(1, 0.8),
  });
  fc.assert(
    fc.property(law, ({ floor, added, factor }) => {
      const samples = steps((us) => Math.max(factor * us + added, floor));
      const found = fitLaunch(samples, { withFactor: true })!;
      const launches = { layers: 4, timing: "cuda_event" };
      const errors = samples.map(({ kernelsUs, measuredUs }) =>
        Math.abs(stepUs(launches, { ...TERM, ...found }, kernelsUs, 4) / measuredUs - 1)
      );
      const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
      assert.ok(mean < 0.025, `${mean} of ${JSON.stringify(found)}`);
    }),
    { numRuns: 18 },
  );
});

Deno.test("steps that take what their operators take have no term's parts, and few steps no term", () => {
  assert.deepEqual(fitLaunch(steps((us) => us), { withFactor: true }), {});
  assert.equal(fitLaunch(steps((us) => us + 100).slice(0, 11), { withFactor: false }), undefined);
  const eager = fitLaunch(steps((us) => 0.7 * us), { withFactor: false })!;
  assert.equal(eager.kernel_factor, undefined);
});

Deno.test("a phase with few steps counts as much as one with many", () => {
  const many = Array.from({ length: 400 }, () => ({
    phase: "decode",
    kernelsUs: 100,
    measuredUs: 1100,
  }));
  const few = Array.from({ length: 5 }, () => ({
    phase: "prefill",
    kernelsUs: 1000,
    measuredUs: 2000,
  }));
  // A floor of 1100 µs would do for the many.
  assert.deepEqual(fitLaunch([...many, ...few], { withFactor: false }), { added_us: 1000 });
});

Deno.test("a floor goes by layers, and an addition where the host's clock was read", () => {
  const term = { ...TERM, floor_us: 1000, added_us: 100 };
  const gpu = { layers: 10, timing: "cuda_event" };
  assert.equal(stepUs(gpu, term, 50, 10), 1000);
  assert.equal(stepUs(gpu, term, 50, 20), 2000);
  assert.equal(stepUs(gpu, term, 5000, 20), 5100);
  assert.equal(stepUs({ ...gpu, timing: "host" }, term, 5000, 20), 5200);
});

Deno.test("a batch is taken for a step as the session's were: replayed up to what was captured", () => {
  const graphs = [
    { graph: "FULL", phases: ["decode"], up_to_tokens: 64, steps: 30 },
    { graph: "PIECEWISE", phases: ["mixed", "prefill"], up_to_tokens: 256, steps: 30 },
    { graph: "compiled", phases: ["prefill"], steps: 30 },
  ];
  const launches: Launches = { layers: 2, timing: "cuda_event", modes: { graphs } };
  const of = (shape: string) => launchFor(launches, "graphs", parseShape(shape))?.graph;
  assert.deepEqual(
    ["64x1+9", "65x1+9", "100", "100,4x1+9", "300"].map(of),
    ["FULL", "compiled", "PIECEWISE", "PIECEWISE", "compiled"],
  );
  assert.equal(launchFor(launches, "eager", parseShape("3")), undefined);
});

Deno.test("what meta.yaml has of launches is read, and nothing that is no number", () => {
  const meta = (launch: unknown, layers: unknown = 3) => ({
    text: "",
    values: { validation: { steps: { layers, modes: { eager: { timing: "host", launch } } } } },
  });
  assert.deepEqual(readLaunches(meta([{ ...TERM, floor_us: 5 }])), {
    layers: 3,
    timing: "host",
    modes: { eager: [{ ...TERM, floor_us: 5 }] },
  });
  for (const bad of [[{ ...TERM, floor_us: "5" }], [null], "x", [{ ...TERM, added_us: -1 }]]) {
    assert.equal(readLaunches(meta(bad)), undefined);
  }
  assert.equal(readLaunches(meta([TERM], "3")), undefined);
  assert.equal(readLaunches(undefined), undefined);
});

Deno.test("bundle predict tells a batch as a step where the sweep knows launches, and only there", async () => {
  await withSweep(async (dir) => {
    const args = ["bundle", "predict", dir, "--shape", "4x1+9", "--json"];
    const before = JSON.parse((await vscope(args)).stdout);
    assert.ok(!("launch" in before) && !("steps" in before.predictions[0]));
    await edit(`${dir}/meta.yaml`, (text) =>
      `${text}validation: ${
        JSON.stringify({
          steps: {
            layers: 24,
            modes: {
              eager: { timing: "cuda_event", launch: [{ ...TERM, floor_us: 1e6, added_us: 7 }] },
              graphs: {
                timing: "cuda_event",
                launch: [{ ...TERM, graph: "compiled", added_us: 7 }],
              },
            },
          },
        })
      }\n`);
    const { launch, predictions: [found] } = JSON.parse((await vscope(args)).stdout);
    assert.equal(launch.modes.eager[0].floor_us, 1e6);
    assert.equal(found.time_us, before.predictions[0].time_us);
    // The model has 48 layers, the steps were of 24.
    assert.deepEqual(found.steps, {
      eager: { graph: "eager", time_us: 2e6 },
      graphs: { graph: "compiled", time_us: Math.round(1000 * (found.time_us + 7)) / 1000 },
    });
    assert.match((await vscope(args.slice(0, -1))).stdout, /As a step.*\n {2}eager: 2000\.000 ms/);
    const reference = JSON.parse((await vscope([...args, "--method", "reference"])).stdout);
    assert.ok(!("launch" in reference) && !("steps" in reference.predictions[0]));
  });
});
