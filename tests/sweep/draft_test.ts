/** Drafts of architectures, from trees of modules. */

import assert from "node:assert/strict";
import { loadYaml } from "../../kit/deps.ts";
import { draftArchitecture, layerOf } from "../../kit/sweep/draft/draft.ts";
import { type ModelTree, SAMPLER_PATH, TreeView } from "../../kit/sweep/draft/model_tree.ts";
import { findArchitecture, parseArchitecture } from "../../kit/sweep/model/architecture.ts";
import { readModelConfig } from "../../kit/sweep/model/model_config.ts";
import { fc } from "../deps.ts";

const HIDDEN = 64;
const HEAD = 32;

/** A tree in the order of its calls; modules that are not called are marked with a dash. */
function treeOf(
  lines: readonly (readonly [string, string, Partial<ModelTree["modules"][number]>?])[],
) {
  const modules = lines.map(([path, type, more]) => ({
    path: path.replace(/^-/, ""),
    class: type,
    ...more,
  }));
  const calls = lines.map(([path]) => path)
    .filter((path) => !path.startsWith("-") && path !== SAMPLER_PATH);
  return { vllm: "0.32.0", modules, calls } satisfies ModelTree;
}

const LAYER = "model.layers.0";

/** A dense model in the way of Qwen3, or one with experts. */
function qwen3({ experts = false, qkvWidth = 128 } = {}): ModelTree {
  const own = experts ? "Qwen3Moe" : "Qwen3";
  const mlp = experts
    ? [
      [`${LAYER}.mlp`, "Qwen3MoeSparseMoeBlock"],
      [`${LAYER}.mlp.gate`, "ReplicatedLinear"],
      [`${LAYER}.mlp.experts`, "FusedMoE", { experts: true }],
    ] as const
    : [
      [`${LAYER}.mlp`, "Qwen2MLP"],
      [`${LAYER}.mlp.gate_up_proj`, "MergedColumnParallelLinear"],
      [`${LAYER}.mlp.act_fn`, "SiluAndMul"],
      [`${LAYER}.mlp.down_proj`, "RowParallelLinear"],
    ] as const;
  return treeOf([
    ["", `${own}ForCausalLM`],
    ["model", `${own}Model`],
    ["model.embed_tokens", "VocabParallelEmbedding"],
    ["-model.layers", "ModuleList"],
    [LAYER, `${own}DecoderLayer`],
    [`${LAYER}.input_layernorm`, "RMSNorm", { width: HIDDEN }],
    [`${LAYER}.self_attn`, `${own}Attention`],
    [`${LAYER}.self_attn.qkv_proj`, "QKVParallelLinear", {
      outputs: qkvWidth,
    }],
    [`${LAYER}.self_attn.q_norm`, "RMSNorm", { width: HEAD }],
    [`${LAYER}.self_attn.k_norm`, "RMSNorm", { width: HEAD }],
    [`${LAYER}.self_attn.rotary_emb`, "RotaryEmbedding"],
    [`${LAYER}.self_attn.attn`, "Attention", { attention: true }],
    [`${LAYER}.self_attn.o_proj`, "RowParallelLinear"],
    [`${LAYER}.post_attention_layernorm`, "RMSNorm", { width: HIDDEN }],
    ...mlp,
    ["model.norm", "RMSNorm", { width: HIDDEN }],
    ["-lm_head", "ParallelLMHead"],
    ["logits_processor", "LogitsProcessor"],
    [SAMPLER_PATH, "Sampler"],
  ]);
}

const model = (type: string, more = {}) =>
  readModelConfig(
    "org/name",
    "here",
    JSON.stringify({ model_type: type, hidden_size: HIDDEN, ...more }),
  );

async function drafted(tree: ModelTree, type = "qwen3", more = {}) {
  const { yaml, undecided } = await draftArchitecture(tree, model(type, more), 128);
  const document = (await loadYaml()).load(yaml);
  return { yaml, undecided, architecture: parseArchitecture(type, yaml, document) };
}

/** What each called module counts as. */
function counted(
  tree: ModelTree,
  catalog: Awaited<ReturnType<typeof findArchitecture>>["catalog"],
) {
  const view = new TreeView(tree);
  const entries = Object.values(catalog).flatMap((table) => Object.entries(table));
  return tree.modules.map(({ path, class: type }) => [
    path,
    layerOf(entries as never, type, view.around(path)),
  ]);
}

for (const [type, experts] of [["qwen3", false], ["qwen3_moe", true]] as const) {
  Deno.test(`the draft of ${type} takes the modules that its own architecture takes`, async () => {
    const tree = qwen3({ experts });
    const { architecture, undecided } = await drafted(tree, type);
    const own = await findArchitecture(Deno, "/nowhere", type);
    assert.deepEqual(counted(tree, architecture.catalog), counted(tree, own.catalog));
    assert.deepEqual(architecture.sequence, own.sequence);
    assert.equal(architecture.tpEmulation, true);
    for (const [table, layers] of Object.entries(own.catalog)) {
      const found = architecture.catalog[table as keyof typeof own.catalog];
      for (const [name, { tpStable, together }] of Object.entries(layers)) {
        assert.deepEqual(
          [found[name]!.tpStable, found[name]!.together],
          [tpStable, together],
          name,
        );
      }
    }
    // Only what one model cannot tell of its family.
    assert.equal(undecided.length, 1);
    assert.match(undecided[0]!, /scales rotary embeddings otherwise/);
  });
}

Deno.test("a model whose heads become wider where there are fewer cannot be emulated", async () => {
  const { architecture, yaml } = await drafted(qwen3({ qkvWidth: 192 }));
  assert.equal(architecture.tpEmulation, false);
  assert.match(yaml, /^tp_emulation: false$/m);
});

Deno.test("what is not decided is told, in the file too", async () => {
  const tree = qwen3();
  const modules = tree.modules.flatMap((module) =>
    module.path.endsWith(".o_proj")
      ? [module, { path: `${LAYER}.self_attn.gate`, class: "OddGate" }]
      : [module]
  );
  const calls = tree.calls.flatMap((path) =>
    path.endsWith(".o_proj") ? [path, `${LAYER}.self_attn.gate`] : [path]
  );
  const { yaml, undecided, architecture } = await drafted({ ...tree, modules, calls }, "odd", {
    num_experts: 8,
    num_experts_per_tok: 2,
  });
  assert.match(
    undecided.join("\n"),
    /gate \(OddGate in Qwen3Attention\) is no layer that LLMServingSim/,
  );
  assert.match(undecided.join("\n"), /the first layer, which a sweep measures, has none/);
  for (const text of undecided) assert.ok(yaml.includes(`# To be looked at: ${text}.`), text);
  assert.deepEqual(architecture.sequence["post_attn"], ["o_proj", "gate", "layernorm"]);
});

Deno.test("a model without attention is refused", async () => {
  const tree = qwen3();
  const modules = tree.modules.map(({ attention: _, ...module }) => module);
  await assert.rejects(
    drafted({ ...tree, modules }),
    /^RunError: Cannot draft an architecture: no module with a KV cache was called/,
  );
});

Deno.test("whatever the tree, there is a draft that can be read, or a reason", async () => {
  const segment = fc.constantFrom("a", "layers", "0", "1", "norm", "q_norm", "x y", "attn");
  const type = fc.constantFrom(
    "ModuleList",
    "RMSNorm",
    "Attention",
    "Odd",
    "Sampler",
    "QKVParallelLinear",
  );
  const module = fc.record({
    path: fc.array(segment, { maxLength: 4 }).map((parts) => parts.join(".")),
    class: type,
    attention: fc.boolean(),
    experts: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(
    fc.uniqueArray(module, { selector: ({ path }) => path, minLength: 1, maxLength: 8 }),
    async (modules) => {
      const tree = { vllm: "0", modules, calls: modules.map(({ path }) => path) };
      try {
        await drafted(tree);
      } catch (error) {
        assert.match(String(error), /^RunError: Cannot draft an architecture/);
      }
    },
  ));
});
