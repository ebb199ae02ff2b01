/** Models whose layers are of several kinds: one of each is measured, and a time is that of all layers. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { lintBundle } from "../../../kit/sweep/lint/lint.ts";
import { findArchitecture } from "../../../kit/sweep/model/architecture.ts";
import {
  denseBlocks,
  firstLayers,
  layerKinds,
  oneOfEach,
} from "../../../kit/sweep/model/layer_kinds.ts";
import { readModelConfig } from "../../../kit/sweep/model/model_config.ts";
import { parseShape } from "../../../kit/sweep/predict/batch.ts";
import { composePass } from "../../../kit/sweep/predict/compose.ts";
import { denseOf } from "../../../kit/sweep/predict/predictor.ts";
import { readMeta } from "../../../kit/sweep/sweep_folder.ts";
import { readTable } from "../../../kit/sweep/table.ts";
import { validateSweep } from "../../../kit/sweep/validate_sweep.ts";
import { vscope, vscopeHere } from "../../cli.ts";
import { inFolder } from "../../folders.ts";
import { opened } from "../../sweep/predict/opened.ts";

const FAKE = fileURLToPath(new URL("../../sweep/fixtures/fake_python.py", import.meta.url));
const GEMMA = {
  architectures: ["Gemma3ForCausalLM"],
  model_type: "gemma3_text",
  hidden_size: 64,
  num_hidden_layers: 13,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  intermediate_size: 128,
  max_position_embeddings: 2048,
  sliding_window: 64,
  sliding_window_pattern: 6,
  torch_dtype: "bfloat16",
  vocab_size: 576,
};
const model = (changes: object) =>
  readModelConfig("m", "here", JSON.stringify({ ...GEMMA, ...changes }));

Deno.test("kinds of layers are counted as the config tells them, or their pattern", () => {
  const sliding = { name: "sliding_attention", count: 11 };
  assert.deepEqual(layerKinds(model({})), [sliding, { name: "full_attention", count: 2 }]);
  const told = model({ layer_types: ["b", "a", "b"], num_hidden_layers: 3 });
  assert.deepEqual(layerKinds(told), [{ name: "b", count: 2 }, { name: "a", count: 1 }]);
  assert.deepEqual(oneOfEach(told), { num_hidden_layers: 2, layer_types: ["b", "a"] });
  assert.deepEqual(firstLayers(told, 2), { num_hidden_layers: 2, layer_types: ["b", "a"] });
  for (const alike of [{ sliding_window_pattern: null }, { layer_types: ["a", "a"] }]) {
    assert.deepEqual(oneOfEach(model(alike)), { num_hidden_layers: 1 });
  }
});

Deno.test("state spaces beside attention are kinds too, told layer by layer or by an interval", () => {
  const next = { model_type: "qwen3_next", sliding_window_pattern: null };
  const told = model({ ...next, full_attention_interval: 4, num_hidden_layers: 48 });
  assert.deepEqual(layerKinds(told), [
    { name: "linear_attention", count: 36 },
    { name: "full_attention", count: 12 },
  ]);
  assert.deepEqual(oneOfEach(told), {
    num_hidden_layers: 2,
    layer_types: ["linear_attention", "full_attention"],
  });
  const granite = model({ layer_types: ["mamba", "mamba", "attention"], num_hidden_layers: 3 });
  assert.deepEqual(layerKinds(granite).map(({ count }) => count), [2, 1]);
  // Of all layers the config says it, in the words that vLLM has for them.
  assert.deepEqual(firstLayers(granite, 3), { num_hidden_layers: 3 });
  assert.deepEqual(firstLayers(granite, 1), { num_hidden_layers: 1, layer_types: ["mamba"] });
  // Of some of them the engine that had one of each kind was told in those words.
  const one = { num_hidden_layers: 2, layer_types: ["linear_attention", "full_attention"] };
  assert.deepEqual(firstLayers(granite, 2, one), {
    num_hidden_layers: 2,
    layer_types: ["linear_attention", "linear_attention"],
  });
});

const GRANITE = {
  ...GEMMA,
  model_type: "granitemoehybrid",
  sliding_window_pattern: undefined,
  num_hidden_layers: 4,
  layer_types: ["mamba", "mamba", "attention", "mamba"],
  num_local_experts: 8,
  num_experts_per_tok: 2,
};

Deno.test("a hybrid is measured with one layer of each kind, with experts and without", async () => {
  await inFolder(async (cwd) => {
    for (const [name, experts] of [["moe", 8], ["dense", 0]] as const) {
      await Deno.mkdir(`${cwd}/${name}`);
      const config = { ...GRANITE, num_local_experts: experts };
      await Deno.writeTextFile(`${cwd}/${name}/config.json`, JSON.stringify(config));
      const args = [
        ...["sweep", "--model", `${cwd}/${name}`, "--hardware", "H", "--json", "--python", FAKE],
        ...["--max-num-seqs", "4", "--max-num-batched-tokens", "16", "--attention-max-kv", "64"],
        ...["--attention-kv-factor", "4", "--skip-skew"],
      ];
      const ran = await vscopeHere([...args, "--tp-degrees", "1"], { cwd });
      assert.equal(ran.code, 0, ran.stderr);
      const dir = `${cwd}/perf/H/${name}/bf16`;
      const { header } = (await readTable(Deno, `${dir}/tp1/attention.csv`))!;
      assert.deepEqual(header.slice(-2), ["mamba_us", "attention_us"]);
      assert.equal((await readTable(Deno, `${dir}/tp1/moe.csv`)) !== undefined, experts > 0);
      assert.deepEqual(await lintBundle(Deno, dir, cwd), []);
      assert.deepEqual((await readMeta(Deno, dir))!.values["layer_types"], {
        mamba: 3,
        attention: 1,
      });
      const predictor = await opened(dir, { model: `${cwd}/${name}` });
      const { layers, missing } = predictor.predict(parseShape("9,2x1+30"));
      assert.deepEqual(missing, []);
      const calls = Object.fromEntries(layers.map(({ layer, calls }) => [layer, calls]));
      const { attention, shared_mlp: shared, moe } = calls;
      assert.deepEqual([attention, shared, moe], [4, 4, experts > 0 ? 4 : undefined]);
      const two = await vscopeHere([...args, "--tp-degrees", "1,2"], { cwd });
      assert.equal(two.code, 2);
      assert.match(two.stderr, /does not get the shapes of a rank by having fewer heads/);
    }
  });
});

const DEEPSEEK = {
  model_type: "deepseek_v2",
  num_hidden_layers: 27,
  num_attention_heads: 16,
  hidden_size: 64,
  first_k_dense_replace: 3,
  moe_layer_freq: 1,
  n_routed_experts: 64,
  num_experts_per_tok: 6,
  moe_intermediate_size: 32,
};

Deno.test("of a model whose first layers have no experts one of each kind is measured", async () => {
  const deepseek = readModelConfig("m", "here", JSON.stringify(DEEPSEEK));
  assert.deepEqual(oneOfEach(deepseek), { num_hidden_layers: 2, first_k_dense_replace: 1 });
  assert.deepEqual([27, 2, 4].map((blocks) => denseBlocks(deepseek, blocks)), [3, 0, 3]);
  const all = readModelConfig(
    "m",
    "here",
    JSON.stringify({ ...DEEPSEEK, first_k_dense_replace: 0 }),
  );
  assert.deepEqual(oneOfEach(all), { num_hidden_layers: 1 });
  assert.equal(denseBlocks(all, 27), 0);
  assert.equal(denseBlocks(model({}), 13), 0);
  const architecture = await findArchitecture(Deno, "/", "deepseek_v2");
  const operators = {
    dense: () => 1,
    perSequence: () => 1,
    attention: () => 1,
    moe: () => 10,
    expertLoad: (tokens: number) => ({ tokens, activatedExperts: 6 }),
  };
  const shape = {
    architecture,
    blocks: 27,
    expertRanks: 1,
    experts: { count: 64, perToken: 6 },
    ...denseOf(architecture, deepseek, 27),
  };
  const { layers } = composePass(operators, shape, parseShape("9"));
  const calls = Object.fromEntries(layers.map(({ layer, calls }) => [layer, calls]));
  assert.deepEqual([calls["attention"], calls["mlp"], calls["moe"]], [27, 3, 24]);
});

Deno.test("a table of attention has the mean over the model's layers, and each kind behind it", async () => {
  await inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/gemma`);
    await Deno.writeTextFile(`${cwd}/gemma/config.json`, JSON.stringify(GEMMA));
    const ran = await vscope([
      ...["sweep", "--model", `${cwd}/gemma`, "--hardware", "H", "--json", "--python", FAKE],
      ...["--tp-degrees", "1", "--max-num-seqs", "4", "--max-num-batched-tokens", "16"],
      ...["--attention-max-kv", "512", "--attention-kv-factor", "8", "--skip-skew"],
    ], { cwd });
    assert.equal(ran.code, 0, ran.stderr);
    const dir = `${cwd}/perf/H/gemma/bf16`;
    const { values } = (await readMeta(Deno, dir))!;
    assert.deepEqual(values["layer_types"], { sliding_attention: 11, full_attention: 2 });
    const { header, rows } = (await readTable(Deno, `${dir}/tp1/attention.csv`))!;
    assert.deepEqual(header.slice(-2), ["sliding_attention_us", "full_attention_us"]);
    assert.ok(rows.length > 10);
    for (const { cells } of rows) {
      const [time, sliding, full] = [4, header.length - 2, header.length - 1]
        .map((place) => Number(cells[place]));
      // The stand-in's layers without a window take three times as long as the others.
      assert.ok(Math.abs(full! / sliding! - 3) < 1e-3);
      assert.ok(Math.abs(time! - (11 * sliding! + 2 * full!) / 13) < 1e-3 * time!);
    }
    assert.deepEqual(await validateSweep(Deno, dir), []);
    assert.deepEqual(await validateBundle(Deno, dir), []);
    assert.deepEqual(await lintBundle(Deno, dir, cwd), []);
    const { layers } = (await opened(dir, { model: `${cwd}/gemma` })).predict({
      prefills: [{ tokens: 8, history: 0, count: 1 }],
      decodes: [],
    });
    const calls = (name: string) => layers.find(({ layer }) => layer === name)!.calls;
    assert.deepEqual([calls("attention"), calls("layernorm")], [13, 4 * 13]);
  });
});

Deno.test("vLLM is given the config as it was written: 1.0 stays 1.0", async () => {
  await inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/gemma`);
    const text = JSON.stringify(GEMMA).replace("}", ',"routed_scaling_factor":1.0}');
    await Deno.writeTextFile(`${cwd}/gemma/config.json`, text);
    const ran = await vscope([
      ...["sweep", "--model", `${cwd}/gemma`, "--hardware", "H", "--python", FAKE, "--json"],
      ...["--tp-degrees", "1", "--max-num-batched-tokens", "8", "--only", "dense"],
    ], { cwd, env: { FAKE_CONFIG: `${cwd}/seen` } });
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(await Deno.readTextFile(`${cwd}/seen`), text);
  });
});
