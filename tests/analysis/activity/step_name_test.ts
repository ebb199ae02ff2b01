/** What the names of ranges tell. */

import assert from "node:assert/strict";
import { readStepName } from "../../../kit/analysis/activity/step_name.ts";

Deno.test("steps of vLLM, SGLang and PyTorch are told from other ranges", () => {
  const vllm = (context: number, generation: number) =>
    readStepName(
      `execute_context_${context}(${9 * context})_generation_${generation}(${generation})`,
    )
      ?.phase;
  assert.deepEqual([vllm(1, 0), vllm(0, 3), vllm(2, 2), vllm(0, 0)], [
    "prefill",
    "decode",
    "mixed",
    "idle",
  ]);
  assert.deepEqual(readStepName("step[prefill bs=2 toks=512]"), {
    source: "sglang",
    phase: "prefill",
    contextRequests: 2,
    contextTokens: 512,
  });
  assert.deepEqual(readStepName("step[decode bs=8]"), {
    source: "sglang",
    phase: "decode",
    generationRequests: 8,
    generationTokens: 8,
  });
  assert.deepEqual(readStepName("step[mixed bs=9 ext=100 dec=8]"), {
    source: "sglang",
    phase: "mixed",
    contextTokens: 100,
    generationTokens: 8,
  });
  assert.deepEqual(readStepName("step[TARGET_VERIFY bs=4]"), { source: "sglang" });
  assert.deepEqual(readStepName("step[idle]"), { source: "sglang", phase: "idle" });
  assert.deepEqual(readStepName("ProfilerStep#12"), { source: "profiler_step" });
  for (
    const other of ["execute_model", "gpu_model_runner: forward", "step", "nccl:all_reduce", ""]
  ) {
    assert.equal(readStepName(other), undefined);
  }
});
