/** Predictions for models of several kinds of layers, against sums over the rows of their tables. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { numberIn, readTable } from "../../../kit/sweep/table.ts";
import { vscopeHere } from "../../cli.ts";
import { inFolder } from "../../folders.ts";

const FAKE = fileURLToPath(new URL("../../sweep/fixtures/fake_python.py", import.meta.url));
const COMMON = {
  hidden_size: 64,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 128,
  max_position_embeddings: 2048,
  vocab_size: 576,
  torch_dtype: "bfloat16",
};
const EXPERTS = { num_experts_per_tok: 2, moe_intermediate_size: 32 };

/** How often a pass calls each layer, by a model's config. */
const MODELS: readonly (readonly [object, Readonly<Record<string, number>>])[] = [
  [
    {
      model_type: "granitemoehybrid",
      num_hidden_layers: 4,
      layer_types: ["mamba", "mamba", "attention", "mamba"],
      num_local_experts: 8,
      ...EXPERTS,
    },
    { layernorm: 8, attention: 4, moe: 4, shared_mlp: 4 },
  ],
  [
    {
      model_type: "qwen3_next",
      num_hidden_layers: 8,
      full_attention_interval: 4,
      num_experts: 8,
      ...EXPERTS,
    },
    { layernorm: 16, attention: 8, moe: 8 },
  ],
  [{ model_type: "falcon_h1", num_hidden_layers: 3 }, { layernorm: 6, attention: 3, mlp: 3 }],
  [
    {
      model_type: "gpt_oss",
      num_hidden_layers: 6,
      layer_types: Array(3).fill(["sliding_attention", "full_attention"]).flat(),
      num_local_experts: 8,
      ...EXPERTS,
    },
    { layernorm: 12, qkv_proj: 6, rotary_emb: 6, attention: 6, o_proj: 6, moe: 6 },
  ],
  [
    {
      model_type: "deepseek_v2",
      num_hidden_layers: 5,
      first_k_dense_replace: 2,
      moe_layer_freq: 1,
      n_routed_experts: 8,
      ...EXPERTS,
    },
    { layernorm: 10, attention: 5, mlp: 2, moe: 3 },
  ],
];
/** Batches that are keys of all tables. */
const BATCHES = [
  { shape: "16+128", tokens: 16, requests: 1, key: "16,128,0,0" },
  { shape: "4x1+16", tokens: 4, requests: 4, key: "0,0,4,16" },
];
const ONCE = { embedding: 1, final_layernorm: 1, lm_head: 1, sampler: 1 };

Deno.test("a pass is the sum of all kinds of layers, each as often as the model has it", async () => {
  await inFolder(async (cwd) => {
    for (const [changes, calls] of MODELS) {
      const config = { ...COMMON, ...changes } as typeof COMMON & { model_type: string };
      const model = `${cwd}/${config.model_type}`;
      await Deno.mkdir(model);
      await Deno.writeTextFile(`${model}/config.json`, JSON.stringify(config));
      const dir = `${cwd}/sweep-${config.model_type}`;
      const ran = await vscopeHere([
        ...["sweep", "--model", model, "--hardware", "H", "--python", FAKE, "--json"],
        ...["--out", dir, "--tp-degrees", "1", "--max-num-seqs", "4", "--skip-skew"],
        ...["--max-num-batched-tokens", "16", "--attention-max-kv", "128"],
        ...["--attention-kv-factor", "8"],
      ], { cwd });
      assert.equal(ran.code, 0, ran.stderr);
      const us = await cells(`${dir}/tp1`);
      const every: Readonly<Record<string, number>> = { ...ONCE, ...calls };
      for (const { shape, tokens, requests, key } of BATCHES) {
        const of = (layer: string) =>
          layer === "attention"
            ? us("attention", key)
            : layer === "moe"
            ? us("moe", `${tokens},8`)
            : layer === "lm_head" || layer === "sampler"
            ? us("per_sequence", `${layer},${requests}`)
            : us("dense", `${layer},${tokens}`);
        const expected = Object.entries(every)
          .reduce((sum, [layer, times]) => sum + times * of(layer), 0);
        await Deno.writeTextFile(
          `${cwd}/batch`,
          JSON.stringify({ shape, activated_experts: 8 }) + "\n",
        );
        const predicted = await vscopeHere(
          ["bundle", "predict", dir, "--json", "--model", model, "--batch", `${cwd}/batch`],
          { cwd },
        );
        assert.equal(predicted.code, 0, predicted.stderr);
        const [{ time_us, layers, missing_layers }] = JSON.parse(predicted.stdout).predictions;
        const called = (layers as { layer: string; calls: number }[])
          .map(({ layer, calls }) => [layer, calls]);
        assert.deepEqual(Object.fromEntries(called), every, config.model_type);
        assert.deepEqual(missing_layers, []);
        assert.ok(
          Math.abs(time_us - expected) < 1e-6 * expected,
          `${config.model_type}, ${shape}: ${time_us} and ${expected}`,
        );
      }
    }
  });
});

/** Reads the times of a TP degree's tables: µs by table and key, as its first cells have it. */
async function cells(dir: string): Promise<(table: string, key: string) => number> {
  const found = new Map<string, number>();
  for (const name of ["dense", "per_sequence", "attention", "moe"]) {
    const table = await readTable(Deno, `${dir}/${name}.csv`);
    if (!table) continue;
    const time = table.header.indexOf("time_us");
    for (const { cells } of table.rows) {
      found.set(`${name} ${cells.slice(0, time).join()}`, numberIn(cells[time])!);
    }
  }
  return (table, key) => {
    const us = found.get(`${table} ${key}`);
    assert.ok(us !== undefined && us > 0, `${table} has no row ${key}`);
    return us;
  };
}
