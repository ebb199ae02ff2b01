/** Models, architectures, types, and one GPU in the place of a rank. */

import assert from "node:assert/strict";
import { UsageError } from "../../kit/contract/errors.ts";
import { findArchitecture, parseArchitecture } from "../../kit/sweep/model/architecture.ts";
import { typesOf } from "../../kit/sweep/model/dtypes.ts";
import { ARCHITECTURES, MODELS } from "../../kit/sweep/model/embedded.ts";
import { findModel } from "../../kit/sweep/model/find_model.ts";
import { readModelConfig } from "../../kit/sweep/model/model_config.ts";
import { tpOverrides } from "../../kit/sweep/model/tp_emulation.ts";
import { ROOT } from "../dev/run.ts";
import { inFolder } from "../folders.ts";

const search = (cwd: string, env: Record<string, string> = { HF_HUB_OFFLINE: "1" }) => ({
  files: Deno,
  cwd,
  env,
  signal: new AbortController().signal,
});
const usage = (pattern: RegExp) => (error: unknown) =>
  error instanceof UsageError && pattern.test(error.message);
const embedded = async (id: string) => readModelConfig(id, "vscope", (await MODELS[id]!()).default);

async function filesBelow(folder: string, ending: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}/${folder}`)) {
    if (isDirectory) {
      found.push(
        ...(await filesBelow(`${folder}/${name}`, ending)).map((path) => `${name}/${path}`),
      );
    } else if (name.endsWith(ending)) found.push(name.slice(0, -ending.length));
  }
  return found.sort();
}

Deno.test("every file of configs is embedded, and each model has an architecture", async () => {
  assert.deepEqual(await filesBelow("configs/model", ".json"), Object.keys(MODELS).sort());
  assert.deepEqual(
    await filesBelow("configs/architecture", ".yaml"),
    Object.keys(ARCHITECTURES).sort(),
  );
  for (const id of Object.keys(MODELS)) {
    const model = await embedded(id);
    const architecture = await findArchitecture(Deno, "/", model.modelType);
    assert.equal(Object.keys(architecture.catalog.moe).length > 0, model.experts !== undefined, id);
    assert.equal(model.dtype, "bfloat16", id);
    for (const tp of [1, 2, 4]) tpOverrides(model, tp, architecture.tpEmulation);
  }
});

Deno.test("norms of queries and keys shrink with the TP degree and are added", async () => {
  for (const name of ["qwen3", "qwen3_moe"]) {
    const { catalog, sequence } = await findArchitecture(Deno, "/", name);
    assert.equal(catalog.dense["qk_norm"]!.tpStable, false);
    assert.equal(catalog.dense["qk_norm"]!.together, "sum");
    assert.equal(catalog.dense["layernorm"]!.together, "mean");
    assert.ok(sequence["pre_attn"]!.includes("qk_norm"));
  }
});

Deno.test("an architecture with a mistake is told, with the mistake", () => {
  const attention = { attention: { vllm: "Attention" } };
  const bad = (document: unknown, pattern: RegExp) =>
    assert.throws(() => parseArchitecture("x", "", document), pattern);
  bad([], /no mapping/);
  bad({ catalog: { attention }, tp_emulate: 1 }, /"tp_emulate" in the file is not known/);
  bad({ catalog: { attention, dense: { a: { vllm: "A", tp_stabe: true } } } }, /"tp_stabe"/);
  bad({ catalog: { attention, dense: { attention: { vllm: "B" } } } }, /there twice/);
  bad(
    { catalog: { attention, dense: { a: { vllm: "A" }, b: { vllm: ["B", "A"] } } } },
    /both match/,
  );
  bad({ catalog: { attention: {} } }, /0 attention layers/);
  bad({ catalog: { attention }, sequence: { head: ["lm_head"] } }, /"lm_head" of "head"/);
  bad({ catalog: { attention, dense: { a: {} } } }, /"a" has no class/);
  bad(
    { catalog: { attention, dense: { a: { vllm: "A", together: "max" } } } },
    /neither mean nor sum/,
  );
});

Deno.test("an architecture of one's own goes before vscope's", async () => {
  await inFolder(async (dir) => {
    await Deno.mkdir(`${dir}/configs/architecture`, { recursive: true });
    const path = `${dir}/configs/architecture/mamba9.yaml`;
    await Deno.writeTextFile(path, "catalog: { attention: { attention: { vllm: Mixer } } }\n");
    const found = await findArchitecture(Deno, dir, "mamba9");
    assert.deepEqual(found.catalog.attention["attention"]!.vllm, ["Mixer"]);
    await Deno.writeTextFile(path, "catalog: [");
    await assert.rejects(findArchitecture(Deno, dir, "mamba9"), usage(/mamba9\.yaml is no arch/));
    await assert.rejects(findArchitecture(Deno, dir, "gpt9"), usage(/no architecture .*"gpt9"/));
  });
});

Deno.test("a model is a file, a folder, an ID kept here, an embedded one, or in the cache", async () => {
  await inFolder(async (dir) => {
    const config = (type: string) => JSON.stringify({ model_type: type, vocab_size: 64 });
    await Deno.mkdir(`${dir}/mine`);
    await Deno.writeTextFile(`${dir}/mine/config.json`, config("folder"));
    await Deno.mkdir(`${dir}/configs/model/Qwen`, { recursive: true });
    await Deno.writeTextFile(`${dir}/configs/model/Qwen/Qwen3-0.6B.json`, config("kept"));
    const cache = `${dir}/hub/models--org--cached`;
    await Deno.mkdir(`${cache}/refs`, { recursive: true });
    await Deno.mkdir(`${cache}/snapshots/abc`, { recursive: true });
    await Deno.writeTextFile(`${cache}/refs/main`, "abc\n");
    await Deno.writeTextFile(`${cache}/snapshots/abc/config.json`, config("cached"));
    const at = search(dir, { HF_HUB_OFFLINE: "1", HF_HOME: dir });
    const found = async (model: string) => {
      const { id, modelType } = await findModel(at, model);
      return `${id} ${modelType}`;
    };
    assert.equal(await found("mine"), "mine folder");
    assert.equal(await found(`${dir}/mine/`), "mine folder");
    assert.equal(await found("mine/config.json"), "mine folder");
    assert.equal(await found("configs/model/Qwen/Qwen3-0.6B.json"), "Qwen/Qwen3-0.6B kept");
    assert.equal(await found("Qwen/Qwen3-0.6B"), "Qwen/Qwen3-0.6B kept");
    assert.equal(await found("Qwen/Qwen3-32B"), "Qwen/Qwen3-32B qwen3");
    assert.equal(await found("org/cached"), "org/cached cached");
    await assert.rejects(
      found("org/none"),
      usage(/HF_HUB_OFFLINE forbids.*configs\/model\/org\/none/),
    );
    await assert.rejects(found("nothing"), usage(/there is no model "nothing"/));
    await assert.rejects(found("../x/y"), usage(/there is no model/));
    await assert.rejects(found("a.json"), usage(/there is no file "a\.json"/));
    await Deno.writeTextFile(`${dir}/bad.json`, "{");
    await assert.rejects(found("bad.json"), usage(/bad\.json is no JSON/));
    await Deno.writeTextFile(`${dir}/bad.json`, "null");
    await assert.rejects(found("bad.json"), usage(/no model_type/));
  });
});

Deno.test("a model that is nowhere here is asked for with the token, and refusals are told", async () => {
  const asked: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(`${pathname} ${request.headers.get("authorization")}`);
    return pathname.startsWith("/org/open")
      ? Response.json({ model_type: "llama", max_position_embeddings: 99 })
      : new Response("no", { status: 401 });
  });
  await inFolder(async (dir) => {
    const at = search(dir, { HF_HOME: dir, HF_ENDPOINT: `http://127.0.0.1:${server.addr.port}/` });
    const found = await findModel(at, "org/open", "secret");
    assert.equal(found.maxModelLen, 99);
    assert.deepEqual(asked, ["/org/open/resolve/main/config.json Bearer secret"]);
    await assert.rejects(findModel(at, "org/gated"), usage(/answers 401 \(HF_TOKEN is not set\)/));
    await assert.rejects(
      findModel(at, "org/gated", "s3cret"),
      (error: Error) =>
        usage(/HF_TOKEN does not open it/)(error) && !error.message.includes("s3cret"),
    );
  });
});

Deno.test("the longest request is the one that vLLM derives", () => {
  const length = (config: object) =>
    readModelConfig("x", "x", JSON.stringify({ model_type: "x", ...config })).maxModelLen;
  assert.equal(length({}), 2048);
  assert.equal(length({ max_position_embeddings: 4096, seq_length: 1024 }), 1024);
  const rope = (rope_scaling: object) => length({ max_position_embeddings: 1000, rope_scaling });
  assert.equal(rope({ rope_type: "llama3", factor: 8 }), 1000);
  assert.equal(rope({ type: "yarn", factor: 4 }), 1000);
  assert.equal(rope({ type: "linear", factor: 2.5 }), 2500);
  assert.equal(length({ max_position_embeddings: 1000, rope_scaling: null }), 1000);
});

Deno.test("a rank's share: heads and widths are divided, KV heads replicated, head_dim kept", async () => {
  const llama = await embedded("meta-llama/Llama-3.1-8B");
  assert.deepEqual(tpOverrides(llama, 1, true), {
    intermediate_size: 14336,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    vocab_size: 128256,
  });
  assert.deepEqual(tpOverrides(llama, 16, true), {
    intermediate_size: 896,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    vocab_size: 8016,
    head_dim: 128,
  });
  const qwen = await embedded("Qwen/Qwen3-30B-A3B-Instruct-2507");
  assert.deepEqual(tpOverrides(qwen, 8, true), {
    intermediate_size: 768,
    num_attention_heads: 4,
    num_key_value_heads: 1,
    vocab_size: 18992,
  });
  const odd = readModelConfig("o/odd", "x", '{"model_type":"x","vocab_size":50257}');
  assert.deepEqual(tpOverrides(odd, 2, true), { vocab_size: 25152 });
});

Deno.test("a model that vLLM could not split either is told, with degrees that work", async () => {
  const llama = await embedded("meta-llama/Llama-3.1-8B");
  assert.throws(
    () => tpOverrides(llama, 3, true),
    usage(/cannot be split over 3 GPUs: .*14336.* by 3; degrees that work: 1, 2, 4, 8, 16$/),
  );
  const six = readModelConfig(
    "o/six",
    "x",
    '{"model_type":"x","num_attention_heads":24,"num_key_value_heads":6}',
  );
  assert.throws(() => tpOverrides(six, 4, true), usage(/6 KV heads can be neither divided by 4/));
  const bad = readModelConfig("o/bad", "x", '{"model_type":"x","num_attention_heads":"8"}');
  assert.throws(() => tpOverrides(bad, 1, true), usage(/num_attention_heads .*no positive whole/));
});

Deno.test("Qwen2 is not emulated at other TP degrees, where vLLM would make wider heads", async () => {
  const { tpEmulation } = await findArchitecture(Deno, "/", "qwen2");
  assert.equal(tpEmulation, false);
  const model = readModelConfig("Qwen/Qwen2-7B", "x", '{"model_type":"qwen2"}');
  tpOverrides(model, 1, tpEmulation);
  assert.throws(() => tpOverrides(model, 2, tpEmulation), usage(/give --tp-degrees 1$/));
});

Deno.test("variants are named after the types", () => {
  const variant = (dtype: string | undefined, kv = "auto", own: string | undefined = "bfloat16") =>
    typesOf(dtype, kv, own).variant;
  assert.equal(variant(undefined), "bf16");
  assert.equal(variant("auto"), "bf16");
  assert.equal(variant(undefined, "fp8"), "bf16-kvfp8");
  assert.equal(variant("fp8", "fp8"), "fp8-kvfp8");
  assert.equal(variant("half", "fp8_e5m2"), "fp16-kvfp8e5m2");
  assert.equal(variant("float32", "bf16"), "fp32-kvbf16");
  assert.equal(variant(undefined, "fp8_e4m3", "float16"), "fp16-kvfp8");
  assert.equal(typesOf(undefined, "auto", undefined).variant, "default");
  assert.deepEqual(typesOf("fp8", "auto", "bfloat16"), {
    dtype: "bfloat16",
    quantization: "fp8",
    kvCacheDtype: "auto",
    variant: "fp8",
  });
  assert.throws(() => typesOf("int4", "auto", "bfloat16"), usage(/DTYPE is "int4"; give one of/));
  assert.throws(() => typesOf(undefined, "fp9", "bfloat16"), usage(/KV_CACHE_DTYPE is "fp9"/));
});
