import assert from "node:assert/strict";
import { analyzeSession } from "../../../kit/analysis/session.ts";
import { sessionUtilization } from "../../../kit/analysis/session_utilization.ts";
import type { Manifest } from "../../../kit/bundle/manifest.ts";
import { ChartRoom } from "../../../kit/report/chart.ts";
import { hardware } from "../../../kit/report/sections/hardware.ts";
import { inFolder } from "../../folders.ts";
import * as configs from "./configs.ts";

/** A prefill of 512 tokens in 10 ms, and a decode with 1024 tokens in 1 ms, as merged tables have them. */
const BATCHES = `\
timestamp_sec,num_seqs,max_num_seqs,seq_utilization_pct,num_tokens,max_tokens,token_utilization_pct,phase,running_queue_len,waiting_queue_len,step,recomputed_tokens,overscheduled_tokens,context_requests,context_tokens,generation_requests,generation_tokens,pid,kv_tokens,attention_pairs
93.271113,1,128,0.78,512,16384,3.13,prefill,1,0,1,0,0,1,512,0,0,891,512,131328
93.355426,1,128,0.78,1,16384,0.01,decode,1,0,2,0,0,0,0,1,1,891,1024,1024
`;
const PASSES = `\
timestamp_sec,phase,batch_size,num_tokens,forward_time_ms,throughput_tokens_per_sec,step,recomputed_tokens,overscheduled_tokens,context_tokens,generation_tokens,sample_time_ms,host_time_ms,timing,rank,pid,cudagraph_mode,graph_tokens
93.283365,prefill,1,512,10,51200,1,0,0,512,0,0.6,10.1,cuda_event,0,891,NONE,
93.361181,decode,1,1,1,1000,2,0,0,0,1,0.2,0.9,cuda_event,0,891,FULL,1
`;

const ENGINE = {
  dtype: "torch.bfloat16",
  cache_dtype: "auto",
  max_model_len: 4096,
  tensor_parallel_size: 1,
  pipeline_parallel_size: 1,
  data_parallel_size: 1,
  model_config: configs.QWEN3_SMALL,
};
/** What one decode step of that model needs, as step_cost_test.ts reckons by hand. */
const FLOPS = 1_426_849_792;
const BYTES = 1_309_526_016;
/** Weights that quantization makes smaller: those of projections and MLPs. */
const QUANTIZABLE = 28 * 15_728_640;

const AWQ = { quant_method: "awq", bits: 4, kept_modules: ["lm_head", "input_layernorm", "gate"] };

async function ofSession(engine: Record<string, unknown>, gpu = "NVIDIA H200") {
  return await inFolder(async (dir) => {
    const manifest = {
      schema_version: 1,
      recipe: "monitor",
      status: "complete",
      started_at: "2026-01-24T12:34:56Z",
      contract: {},
      command: [],
      versions: {},
      devices: [{ kind: "gpu", name: gpu, memory_bytes: 1 }],
      engine: { ...ENGINE, ...engine },
      processes: [],
      hooks: [],
      dropped: {},
      artifacts: [],
    } as unknown as Manifest;
    await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(manifest));
    await Deno.writeTextFile(`${dir}/batch_utilization.csv`, BATCHES);
    await Deno.writeTextFile(`${dir}/forward_pass_timing.csv`, PASSES);
    const found = (await sessionUtilization(Deno, dir, manifest))!;
    const analysis = await analyzeSession(Deno, dir);
    const page =
      hardware({ dir, manifest, findings: [], charts: await ChartRoom.open(), analysis })!.text;
    return { ...found, decode: found.phases["decode"]!, page: page.replaceAll(/\s+/g, " ") };
  });
}

const near = (actual: number | undefined, expected: number) =>
  assert.ok(Math.abs(actual! / expected - 1) < 1e-9, `${actual}, not ${expected}`);

Deno.test("a session in BF16 is measured against the BF16 peak", async () => {
  const { decode, device, unknown, page } = await ofSession({});
  near(decode.mfuPct, 100 * FLOPS / 0.001 / 989.5e12);
  near(decode.mbuPct, 100 * BYTES / 0.001 / 4800e9);
  assert.equal(device?.precision, "bf16");
  assert.equal(unknown, undefined);
  assert.match(page, /NVIDIA H200 in BF16/);
});

Deno.test("FP8 weights and activations are measured against the FP8 peak, and said so", async () => {
  for (
    const engine of [
      { quantization: "fp8" },
      {
        quantization: "fp8",
        quantization_config: { quant_method: "fp8", kept_modules: ["gate", "lm_head", "norm"] },
      },
      {
        quantization: "compressed-tensors",
        quantization_config: {
          kept_modules: ["lm_head"],
          groups: [{
            targets: ["Linear"],
            weight_bits: 8,
            weight_type: "float",
            activation_bits: 8,
            activation_type: "float",
          }],
        },
      },
    ]
  ) {
    const { decode, device, page } = await ofSession(engine);
    near(decode.mfuPct, 100 * FLOPS / 0.001 / 1979e12);
    near(decode.bytes, BYTES - QUANTIZABLE);
    assert.equal(device?.precision, "fp8");
    assert.match(page, /NVIDIA H200 in FP8 .* counted against the FP8 peak as well/);
  }
});

Deno.test("FP8 weights on a device without FP8 are multiplied in BF16", async () => {
  const { decode, device } = await ofSession({ quantization: "fp8" }, "NVIDIA A100-SXM4-80GB");
  near(decode.mfuPct, 100 * FLOPS / 0.001 / 312e12);
  near(decode.bytes, BYTES - QUANTIZABLE);
  assert.equal(device?.precision, "bf16");
});

Deno.test("FP8 of some layers alone gives neither MFU nor MBU", async () => {
  const { decode, unknown } = await ofSession({
    quantization: "fp8",
    quantization_config: { quant_method: "fp8", kept_modules: ["lm_head", "down_proj"] },
  });
  assert.deepEqual(decode, { flops: FLOPS, seconds: 0.001 });
  assert.match(unknown!.mfu!, /some layers are not quantized/);
  assert.match(unknown!.mbu!, /some layers are not quantized/);
});

Deno.test("weights of four bits are four bits, and are multiplied in 16", async () => {
  for (
    const [quantization, quantization_config] of [
      ["awq_marlin", AWQ],
      ["gptq_marlin", { quant_method: "gptq", bits: 4, lm_head: false }],
      ["compressed-tensors", {
        kept_modules: ["lm_head"],
        groups: [{ targets: ["Linear"], weight_bits: 4, weight_type: "int" }],
      }],
    ] as const
  ) {
    const { decode, device, unknown } = await ofSession({ quantization, quantization_config });
    near(decode.bytes, BYTES - 1.5 * QUANTIZABLE);
    near(decode.mbuPct, 100 * (BYTES - 1.5 * QUANTIZABLE) / 0.001 / 4800e9);
    near(decode.mfuPct, 100 * FLOPS / 0.001 / 989.5e12);
    assert.equal(device?.precision, "bf16");
    assert.equal(unknown, undefined);
  }
  const eight = await ofSession({
    quantization: "gptq",
    quantization_config: { quant_method: "gptq", bits: 8 },
  });
  near(eight.decode.bytes, BYTES - QUANTIZABLE);
});

Deno.test("without the bits of quantized weights there is no MBU, but its reason", async () => {
  for (
    const engine of [
      { quantization: "awq" },
      { quantization: "gptq_marlin", quantization_config: { bits: 4, dynamic: true } },
      { quantization: "awq", quantization_config: { ...AWQ, kept_modules: ["self_attn"] } },
    ]
  ) {
    const { decode, unknown, page } = await ofSession(engine);
    assert.deepEqual(Object.keys(decode), ["flops", "seconds", "mfuPct"]);
    assert.deepEqual(Object.keys(unknown!), ["mbu"]);
    assert.match(page, /MBU is left out: how many bits \S+ leaves of each weight/);
  }
});

Deno.test("a quantization that is not known gives neither, and a KV cache of its own no MBU", async () => {
  for (
    const engine of [
      { quantization: "quark" },
      { quantization: "fp8", quantization_config: { changed_by_user: true } },
    ]
  ) {
    const { decode, unknown } = await ofSession(engine);
    assert.deepEqual(decode, { flops: FLOPS, seconds: 0.001 });
    assert.deepEqual(Object.keys(unknown!), ["mfu", "mbu"]);
  }
  for (
    const engine of [
      { cache_dtype: "nvfp4" },
      { quantization: "awq", quantization_config: { ...AWQ, kv_cache_scheme: true } },
    ]
  ) {
    const { decode, unknown } = await ofSession(engine);
    assert.deepEqual(Object.keys(decode), ["flops", "seconds", "mfuPct"]);
    assert.match(unknown!.mbu!, /KV cache of type/);
  }
  near((await ofSession({ cache_dtype: "fp8" })).decode.bytes, BYTES - 1025 * 57_344);
});

Deno.test("products in INT8 have no stated peak, FP16 has its own", async () => {
  const int8 = await ofSession({
    quantization: "compressed-tensors",
    quantization_config: {
      groups: [{ targets: ["Linear"], weight_bits: 8, activation_bits: 8, activation_type: "int" }],
    },
  });
  assert.deepEqual(Object.keys(int8.decode), ["flops", "bytes", "seconds", "mbuPct"]);
  assert.match(int8.unknown!.mfu!, /products in int8/);
  const { decode } = await ofSession({ dtype: "torch.float16" }, "Tesla T4");
  near(decode.mfuPct, 100 * FLOPS / 0.001 / 65e12);
});

Deno.test("where requests may be longer than the window there is nothing, but its reason", async () => {
  const windowed = (sliding_window: number) => ({
    model_config: { ...configs.LLAMA, model_type: "mistral", sliding_window },
  });
  const [long, some, short] = await Promise.all(
    [256, 512, 1024].map((window) => ofSession(windowed(window))),
  );
  assert.deepEqual(long!.phases, { prefill: { seconds: 0.01 }, decode: { seconds: 0.001 } });
  assert.match(long!.page, /MFU is left out: where a step reads more than 256 tokens/);
  // The prefill lies within the window, the decode does not.
  assert.deepEqual(some!.phases["prefill"], short!.phases["prefill"]);
  assert.deepEqual(some!.decode, { seconds: 0.001 });
  assert.ok(short!.decode.mfuPct! > 0 && short!.decode.mbuPct! > 0);
  assert.equal(short!.unknown, undefined);
  // No request of this engine can be longer than the window.
  const all = await ofSession({ ...windowed(512), max_model_len: 512 });
  assert.deepEqual(all.phases, short!.phases);
});

Deno.test("the error that was measured is said of the models and the device that it was measured on", async () => {
  const dense = await ofSession({});
  const experts = await ofSession({ model_config: configs.QWEN3_MOE });
  assert.match(dense.page, /\(a dense model\): operations of a prefill 2\.5 % low/);
  assert.match(experts.page, /\(a model of 128 experts\): operations of a prefill 4\.9 % low/);
  const others = await Promise.all([
    ofSession({}, "NVIDIA H100 80GB HBM3"),
    ofSession({ quantization: "fp8" }),
    ofSession({ tensor_parallel_size: 2 }),
    ofSession({ model_config: configs.MIXTRAL }),
  ]);
  for (const { page, measured } of others) {
    assert.equal(measured, undefined);
    assert.match(page, /The error for this model and device was not measured: on an H200/);
    assert.doesNotMatch(page, /Nsight/);
  }
});
