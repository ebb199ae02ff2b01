/** Batches that are held out of a sweep, and how far predictions are from them. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import type { Density, Limits } from "../../../kit/sweep/grids/limits.ts";
import { inBlocks } from "../../../kit/sweep/grids/limits.ts";
import { shotKey } from "../../../kit/sweep/grids/shot.ts";
import { lintBundle } from "../../../kit/sweep/lint/lint.ts";
import { readJournal } from "../../../kit/sweep/measure/journal.ts";
import { findArchitecture } from "../../../kit/sweep/model/architecture.ts";
import { readMeta } from "../../../kit/sweep/sweep_folder.ts";
import { readTable } from "../../../kit/sweep/table.ts";
import { BATCH_CLASSES, heldOutBatches } from "../../../kit/sweep/validation/batches.ts";
import { validateBatches } from "../../../kit/sweep/validation/validate.ts";
import { generateReport } from "../../../kit/report/generate.ts";
import { vscopeHere } from "../../cli.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";
import { COARSE, SMALL } from "../../sweep/made.ts";
import { opened, withSweep } from "../../sweep/predict/opened.ts";

const FAKE = fileURLToPath(new URL("../../sweep/fixtures/fake_python.py", import.meta.url));

Deno.test("held-out batches are within the limits, and of a larger number the first are the same", () => {
  const limits = fc.record({
    maxNumBatchedTokens: fc.integer({ min: 16, max: 8192 }),
    maxNumSeqs: fc.integer({ min: 2, max: 256 }),
    maxModelLen: fc.integer({ min: 64, max: 40_000 }),
    numCacheTokens: fc.option(fc.integer({ min: 256, max: 1_000_000 }), { nil: undefined }),
    experts: fc.option(fc.constant({ count: 128, perToken: 8 }), { nil: undefined }),
  });
  fc.assert(fc.property(limits, fc.integer({ min: 16, max: 20_000 }), (found: Limits, longest) => {
    const density: Density = { ...COARSE, attentionMaxKv: longest };
    const batches = heldOutBatches(found, density, 30);
    const few = heldOutBatches(found, density, 12);
    assert.deepEqual(few, batches.slice(0, few.length));
    for (const { kind, shot: { requests, experts } } of batches) {
      const total = (value: (run: readonly [number, number, number]) => number) =>
        requests.reduce((sum, run) => sum + value(run), 0);
      const tokens = total(([own, , count]) => own * count);
      assert.ok(tokens <= found.maxNumBatchedTokens);
      assert.ok(total(([, , count]) => count) <= found.maxNumSeqs);
      for (const [own, history, count] of requests) {
        assert.ok(own >= 1 && history >= 0 && count >= 1);
        assert.ok(own + history < found.maxModelLen && history <= longest);
      }
      const kept = total(([own, history, count]) => count * inBlocks(found, own + history));
      assert.ok(kept <= (found.numCacheTokens ?? Infinity));
      const chunks = requests.filter(([own]) => own > 1).length;
      const decodes = requests.filter(([own]) => own === 1).length;
      assert.equal(decodes > 0, !kind.startsWith("prefill"), kind);
      assert.equal(chunks === 0, kind.startsWith("decode"), kind);
      assert.equal(experts === undefined, found.experts === undefined);
      if (experts) assert.ok(experts >= 8 && experts <= Math.min(128, 8 * tokens));
    }
  }));
});

Deno.test("with room for all, every kind is there, and no batch twice in a row of kinds", () => {
  const batches = heldOutBatches({ ...SMALL, maxNumSeqs: 64 }, COARSE, 120);
  assert.equal(batches.length, 120);
  assert.deepEqual(new Set(batches.map(({ kind }) => kind)), new Set(BATCH_CLASSES));
  assert.ok(new Set(batches.map(({ shot }) => shotKey(shot))).size > 110);
});

Deno.test("the error is that of the sum over the layers of one block, by kind and by layer", async () => {
  await withSweep(async (dir) => {
    const { operators, predict } = await opened(dir, { blocks: 1 });
    const architecture = await findArchitecture(Deno, dir, "qwen3_moe");
    const held = heldOutBatches(SMALL, COARSE, 24);
    const times = new Map<string, number>();
    for (const { shot: { requests, experts }, shot } of held) {
      const groups = requests.map(([tokens, history, count]) => ({ tokens, history, count }));
      const { layers } = predict({
        prefills: groups.filter(({ tokens }) => tokens > 1),
        decodes: groups.filter(({ tokens }) => tokens === 1),
        activatedExperts: experts!,
      });
      // Everything as predicted, but attention, which takes twice as long.
      for (const { layer, ns } of layers) {
        times.set(`${layer} ${shotKey(shot)}`, ns / 1000 * (layer === "attention" ? 2 : 1));
      }
    }
    const found = validateBatches({
      operators,
      architecture,
      experts: { count: 128, perToken: 8 },
      time: (layer, shot) => times.get(`${layer} ${shot}`),
    }, held);
    assert.equal(found.batches.length, held.length);
    assert.equal(found.layers["attention"]!.median, 0.5);
    assert.equal(found.layers["qkv_proj"]!.p90, 0);
    assert.ok(found.error!.signed_mean < 0 && found.error!.signed_mean > -0.5);
    assert.deepEqual(Object.keys(found.classes).sort(), [...BATCH_CLASSES].sort());
    // The layer norm is called twice in a block.
    const [first] = found.batches;
    const key = shotKey(held[0]!.shot);
    const sum = [...times].filter(([name]) => name.endsWith(` ${key}`))
      .reduce((total, [name, us]) => total + us * (name.startsWith("layernorm") ? 2 : 1), 0);
    assert.ok(Math.abs(first!.measuredUs - sum) < 1e-6);
  });
});

Deno.test("sweep --validate fires them once, keeps each in a table, and tells errors in meta", async () => {
  await inFolder(async (cwd) => {
    const runAt = async (degrees: string, ...args: string[]) => {
      const ran = await vscopeHere([
        ...["sweep", "--model", "Qwen/Qwen3-30B-A3B-Instruct-2507", "--hardware", "H", "--json"],
        ...["--python", FAKE, "--tp-degrees", degrees, "--skip-skew", "--max-num-seqs", "4"],
        ...["--max-num-batched-tokens", "16", "--attention-max-kv", "512"],
        ...["--attention-kv-factor", "8", "--attention-chunk-factor", "4"],
        ...["--validate-layers", "0", ...args],
      ], { cwd });
      assert.equal(ran.code, 0, ran.stderr);
      const meta = (await readMeta(Deno, dir))!.values["validation"] as
        | { per_tp: Record<string, { batches: number; classes: object; layers: object }> }
        | undefined;
      return { meta, shots: (await readJournal(Deno, dir)).shots };
    };
    const run = (...args: string[]) => runAt("1,2", ...args);
    const dir = `${cwd}/perf/H/Qwen/Qwen3-30B-A3B-Instruct-2507/bf16`;
    const before = await run();
    assert.equal(before.meta, undefined);
    const some = await run("--validate", "12");
    assert.deepEqual(Object.keys(some.meta!.per_tp), ["1", "2"]);
    const { batches, layers } = some.meta!.per_tp["1"]!;
    assert.ok(batches > 6);
    assert.ok("moe" in layers && "attention" in layers && "sampler" in layers);
    // What is the same at every degree is measured at 1 alone.
    assert.ok(!("moe" in some.meta!.per_tp["2"]!.layers));
    assert.ok(some.shots.length > before.shots.length);
    const table = (await readTable(Deno, `${dir}/tp1/validation.csv`))!;
    assert.equal(table.rows.length, batches);
    assert.ok(table.rows.every(({ cells }) => Number(cells[3]) > 0 && Number(cells[4]) > 0));
    const again = await run("--validate", "12");
    assert.equal(again.shots.length, some.shots.length, "a batch was fired twice");
    const without = await run();
    assert.deepEqual(without.meta, some.meta);
    const more = await run("--validate", "30");
    assert.ok(more.meta!.per_tp["1"]!.batches > batches);
    const keys = more.shots.map(({ tp, k }) => `${tp} ${k}`);
    assert.equal(new Set(keys).size, keys.length);
    // A degree that is not asked for keeps what is told of it, as it keeps its tables.
    const one = await runAt("1", "--validate", "30");
    assert.deepEqual(one.meta!.per_tp, more.meta!.per_tp);
    assert.deepEqual(await lintBundle(Deno, dir, cwd), []);
    assert.deepEqual(await validateBundle(Deno, dir), []);
    assert.equal((await readManifest(Deno, dir))!.status, "complete");
    const { path } = await generateReport(Deno, dir);
    assert.match(await Deno.readTextFile(path), /Held-out batches, tp1/);
  });
});
