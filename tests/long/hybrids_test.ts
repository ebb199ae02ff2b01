/** Models whose layers are of several kinds, on the real CPU vLLM. */

import assert from "node:assert/strict";
import { lintBundle } from "../../kit/sweep/lint/lint.ts";
import { part, readMeta } from "../../kit/sweep/sweep_folder.ts";
import { numberIn, readTable } from "../../kit/sweep/table.ts";
import { validateSweep } from "../../kit/sweep/validate_sweep.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { engine, OFFLINE_ENV } from "../e2e/engine.ts";
import { foundBy } from "../e2e/found_by.ts";
import { FAMILIES } from "./tiny_families.ts";

/** What a family is measured as: layers of each kind, the modules of an engine with one of each, calls of a pass. */
const MEASURED = {
  granitemoehybrid: {
    kinds: { mamba: 3, attention: 1 },
    modules: { attention: 2, moe: 2, shared_mlp: 2, layernorm: 4 },
    calls: { attention: 4, moe: 4, shared_mlp: 4, layernorm: 8 },
  },
  falcon_h1: {
    kinds: {},
    modules: { attention: 2, mlp: 1, layernorm: 2 },
    calls: { attention: 3, mlp: 3, layernorm: 6 },
  },
  qwen3_next: {
    kinds: { linear_attention: 3, full_attention: 1 },
    modules: { attention: 2, moe: 2, layernorm: 4 },
    calls: { attention: 4, moe: 4, layernorm: 8 },
  },
  gpt_oss: {
    kinds: { sliding_attention: 2, full_attention: 2 },
    modules: { attention: 2, qkv_proj: 2, o_proj: 2, moe: 2, layernorm: 4 },
    calls: { attention: 4, qkv_proj: 4, rotary_emb: 4, o_proj: 4, moe: 4, layernorm: 8 },
  },
  deepseek_v2: {
    kinds: {},
    modules: { attention: 2, mlp: 1, moe: 1, layernorm: 4 },
    calls: { attention: 4, mlp: 1, moe: 3, layernorm: 8 },
  },
} as const;

async function inModel<T>(type: string, use: (model: string, cwd: string) => Promise<T>) {
  return await inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/${type}`);
    await Deno.writeTextFile(`${cwd}/${type}/config.json`, JSON.stringify(FAMILIES[type]));
    return await use(`${cwd}/${type}`, cwd);
  });
}

for (const [type, { kinds, modules, calls }] of Object.entries(MEASURED)) {
  Deno.test(`${type}: a sweep has all tables, and a pass is the sum of all layers`, async () => {
    const { python } = await engine();
    await inModel(type, async (model, cwd) => {
      const dir = `${cwd}/bundle`;
      const ran = await vscope([
        ...["sweep", "--json", "--model", model, "--hardware", "CPU", "--python", python],
        ...["--out", dir, "--tp-degrees", "1", "--max-num-batched-tokens", "32"],
        ...["--max-num-seqs", "4", "--attention-max-kv", "512", "--attention-kv-factor", "8"],
        ...["--attention-chunk-factor", "8", "--skew-n-factor", "8", "--skew-pc-factor", "8"],
        ...["--skew-kp-factor", "8", "--skew-kvs-factor", "8"],
      ], { cwd, env: OFFLINE_ENV });
      assert.equal(ran.code, 0, ran.stderr + ran.stdout);
      const { engine: engines } = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
      assert.deepEqual(engines.tp1.missing, []);
      for (const [layer, count] of Object.entries(modules)) {
        assert.equal(engines.tp1.modules[layer], count, layer);
      }
      assert.deepEqual(await validateSweep(Deno, dir), []);
      const flaws = (await lintBundle(Deno, dir, cwd)).filter(({ severity }) =>
        severity === "error"
      );
      assert.deepEqual(flaws, []);
      const { values } = (await readMeta(Deno, dir))!;
      assert.deepEqual(part(values, "layer_types"), kinds);
      const { header, rows } = (await readTable(Deno, `${dir}/tp1/attention.csv`))!;
      const names = Object.keys(kinds).map((kind) => `${kind}_us`);
      assert.deepEqual(header.slice(header.indexOf("samples") + 1), names);
      const time = header.indexOf("time_us");
      assert.ok(rows.length > 50 && rows.every(({ cells }) => numberIn(cells[time])! > 0));
      // A row without decodes: a chunk of 16 tokens behind 128.
      const row = rows.find(({ cells }) => cells.slice(0, time).join() === "16,128,0,0")!;
      const predicted = await vscope(
        ["bundle", "predict", dir, "--json", "--model", model, "--shape", "16+128"],
        { cwd },
      );
      assert.equal(predicted.code, 0, predicted.stderr);
      const [{ layers, time_us, missing_layers }] = JSON.parse(predicted.stdout).predictions;
      assert.deepEqual(missing_layers, []);
      const found = (layer: string) =>
        layers.find((entry: { layer: string }) => entry.layer === layer);
      for (const [layer, count] of Object.entries(calls)) assert.equal(found(layer).calls, count);
      assert.ok(Math.abs(found("attention").time_us - numberIn(row.cells[time])!) < 0.01);
      const sum = layers.reduce(
        (total: number, entry: { calls: number; time_us: number }) =>
          total + entry.calls * entry.time_us,
        0,
      );
      assert.ok(Math.abs(sum - time_us) < 0.01);
      if (names.length > 0) {
        const own = names.map((name) => numberIn(row.cells[header.indexOf(name)])!);
        const all = Object.values(kinds).reduce((total, count, at) => total + count * own[at]!, 0);
        assert.ok(Math.abs(found("attention").total_us - all) < 1e-3 * all);
      }
    });
  });
}

Deno.test("each request of a shot has a state of its own, which its decodes go on from", async () => {
  await inModel("granitemoehybrid", async (model) => {
    const { wrong, passes, failed, journal, groups } = await foundBy(
      "sweep_hybrid_states.py",
      [model],
    );
    assert.deepEqual([wrong, failed], [[], []]);
    assert.ok(groups.includes("MambaSpec") && groups.some((kind: string) => kind !== "MambaSpec"));
    // A pass to warm up and two that are timed, of each of nine shots there and back.
    assert.deepEqual([journal, passes], [18, 54]);
  });
});
