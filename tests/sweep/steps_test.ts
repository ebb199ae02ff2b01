/** Steps of the whole model in a sweep's validation: their load, their session, what is told of them. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { generateReport } from "../../kit/report/generate.ts";
import { readMeta } from "../../kit/sweep/sweep_folder.ts";
import {
  longestOf,
  stepsMeta,
  stepWaves,
  validateSteps,
} from "../../kit/sweep/validation/steps.ts";
import { vscope } from "../cli.ts";
import { fc } from "../deps.ts";
import { inFolder } from "../folders.ts";
import { COARSE, edit, writeSweep } from "./made.ts";
import { type MadeRequest, writeSession } from "./predict/made_session.ts";
import { opened } from "./predict/opened.ts";

const FAKE = fileURLToPath(new URL("fixtures/fake_python.py", import.meta.url));
const REQUESTS: MadeRequest[] = [
  { arrives: 0, prompt: 90, cached: 0, generated: 12 },
  { arrives: 4, prompt: 300, cached: 0, generated: 20 },
  { arrives: 30, prompt: 31, cached: 0, generated: 25 },
];

Deno.test("the load of whole steps keeps within what an engine takes", () => {
  const limits = fc.record({
    maxNumBatchedTokens: fc.integer({ min: 8, max: 16_384 }),
    maxNumSeqs: fc.integer({ min: 1, max: 512 }),
    maxModelLen: fc.integer({ min: 32, max: 130_000 }),
    numCacheTokens: fc.option(fc.integer({ min: 4096, max: 1e6 }), { nil: undefined }),
  });
  fc.assert(fc.property(limits, fc.integer({ min: 1, max: 20_000 }), (found, longest) => {
    const waves = stepWaves(found, { ...COARSE, attentionMaxKv: longest });
    assert.ok(longestOf(waves) <= found.maxModelLen);
    for (const { requests, shortest, longest, answers } of waves) {
      assert.ok(requests >= 1 && requests <= found.maxNumSeqs);
      assert.ok(2 <= shortest && shortest <= longest && answers >= 2);
    }
  }));
  const usual = { maxNumBatchedTokens: 2048, maxNumSeqs: 256, maxModelLen: 40960 };
  const waves = stepWaves(usual, { ...COARSE, attentionMaxKv: 16384 });
  // Some prompts take several chunks, and some steps have as many decodes as there can be.
  assert.ok(waves.some(({ shortest }) => shortest > usual.maxNumBatchedTokens));
  assert.ok(waves.some(({ requests }) => requests === usual.maxNumSeqs));
});

Deno.test("steps behind the first lap are compared, by phase", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir);
    const predictor = await opened(dir);
    await writeSession(`${dir}/steps-eager`, REQUESTS, 64, (batch) => {
      const { ns, layers } = predictor.predict(batch);
      const sampler = layers.find(({ layer }) => layer === "sampler")!.ns;
      // A step without chunks takes twice as long as predicted.
      const factor = batch.prefills.length === 0 ? 2 : 1;
      return { forwardMs: factor * (ns - sampler) / 1e6, sampleMs: factor * sampler / 1e6 };
    });
    const began = (laps: readonly number[]) =>
      Deno.writeTextFile(`${dir}/steps-eager/laps.json`, JSON.stringify({ began_sec: laps }));
    await began([0, 10]);
    await assert.rejects(
      validateSteps(Deno, dir, "eager", predictor),
      /its load ended in lap 2 of 3/,
    );
    await began([0, 10, 40, 90]);
    const found = await validateSteps(Deno, dir, "eager", predictor);
    assert.ok(found.compared.every(({ step }) => step.seconds >= 10));
    const meta = stepsMeta(found, 48) as {
      error: { count: number };
      classes: Record<string, { count: number; median: number; signed_mean: number }>;
      timing: string;
    };
    assert.equal(meta.timing, "cuda_event");
    assert.equal(meta.error.count, found.steps);
    assert.ok(Math.abs(meta.classes["decode"]!.signed_mean + 0.5) < 0.001);
    assert.ok(meta.classes["prefill"]!.median < 0.001);
    // The page shows them as meta has them.
    await edit(`${dir}/meta.yaml`, (text) =>
      `${text}validation: ${
        JSON.stringify({
          steps: {
            layers: 48,
            modes: { eager: meta, graphs: { not_run: "a CPU has no CUDA graphs" } },
          },
        })
      }\n`);
    const html = await Deno.readTextFile((await generateReport(Deno, dir)).path);
    assert.match(html, /Steps of the whole model \(48 layers\)/);
    assert.match(html, /eager, with launches/);
    assert.match(html, /Not run, graphs: a CPU has no CUDA graphs/);
  });
});

Deno.test("whole steps that cannot be measured leave the sweep partial, with the reason", async () => {
  await inFolder(async (cwd) => {
    const run = async (...args: string[]) => {
      const ran = await vscope([
        ...["sweep", "--model", "Qwen/Qwen3-30B-A3B-Instruct-2507", "--hardware", "H", "--json"],
        ...["--python", FAKE, "--tp-degrees", "1", "--only", "dense,attention"],
        ...["--max-num-batched-tokens", "16", "--max-num-seqs", "4", "--attention-max-kv", "512"],
        ...[
          "--attention-kv-factor",
          "8",
          "--attention-chunk-factor",
          "4",
          "--validate",
          "6",
          ...args,
        ],
      ], { cwd });
      return { ...ran, json: JSON.parse(ran.stdout) };
    };
    // The stand-in for Python knows of no load.
    const failed = await run();
    assert.equal(failed.json.status, "partial");
    assert.match(
      JSON.stringify(failed.json.notes),
      /Steps of the whole model, eager, were not measured .*steps-eager\/logs\); .*--validate-layers/,
    );
    const dir = `${cwd}/perf/H/Qwen/Qwen3-30B-A3B-Instruct-2507/bf16`;
    const { values } = (await readMeta(Deno, dir))!;
    assert.ok(!("steps" in (values["validation"] as object)));
    const without = await run("--validate-layers", "0");
    assert.equal(without.json.status, "complete", without.stderr);
  });
});
