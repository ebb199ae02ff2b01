import assert from "node:assert/strict";
import { NcuTalk } from "../../kit/engine/ncu/talk.ts";
import { otherErrors, troublesOf } from "../../kit/engine/ncu/troubles.ts";
import { fc } from "../deps.ts";

function heard(...lines: string[]): NcuTalk {
  const talk = new NcuTalk();
  for (const line of lines) talk.hear(line);
  return talk;
}

Deno.test("launches are counted, also where the target's output stands in the same line", () => {
  const talk = heard(
    "==PROF== Connected to process 4518 (/usr/bin/python3.12)",
    '==PROF== Profiling "ampere_fp16_s1688gemm_fp16_12..." - 0: 0%....50%....100% - 8 passes',
    'INFO 11-25 [core.py:116] step ==PROF== Profiling "rms_norm_kernel" - 1: 0%....50%INFO x',
    '==PROF== Profiling "triad_kernel": 0%....50%....100% - 1 pass',
    "==PROF== Disconnected from process 4518",
  );
  assert.deepEqual([talk.connected, talk.measured, talk.current], [1, 3, "triad_kernel"]);
});

Deno.test("kernels that ran are known where none was measured", () => {
  const talk = heard(
    "==WARNING== No kernels were profiled.",
    "Available Kernels:",
    "1. distribution_elementwise_grid_stride_kernel",
    "2. sm80_xmma_gemm_f32f32_f32f32_f32_nn_n",
    "rc 0",
    "3. not one of them",
  );
  assert.ok(talk.empty);
  assert.deepEqual(talk.available, [
    "distribution_elementwise_grid_stride_kernel",
    "sm80_xmma_gemm_f32f32_f32f32_f32_nn_n",
  ]);
});

Deno.test("each known complaint has its remedy; a warning ends nothing", () => {
  const cases: [string, RegExp][] = [
    [
      "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU " +
      "Performance Counters on the target device 0.",
      /run vscope as root.*CAP_SYS_ADMIN.*NVreg_RestrictProfilingToAdminUsers=0/,
    ],
    [
      "==ERROR== Profiling failed because a driver resource was unavailable. Ensure that no other " +
      "tool (like DCGM) is concurrently collecting profiling data.",
      /Something else holds.*dcgmi profiling --pause/,
    ],
    ["==ERROR== LibraryNotLoaded", /Something else holds/],
    ["==ERROR== Failed to lock GPU clock frequencies.", /leave out --clock-control base/],
    ["==ERROR== Profiling is not supported on device 0. To find out", /does not support this GPU/],
    ["==ERROR== Cuda driver is not compatible with Nsight Compute", /newer driver/],
    ["==ERROR== Failed to create lock file /tmp/nsight-compute-lock.", /give TMPDIR a folder/],
    ["==ERROR== write failed: No space left on device", /The disk is full/],
  ];
  for (const [line, remedy] of cases) {
    const talk = heard(line);
    const [trouble, ...more] = troublesOf(talk);
    assert.match(trouble?.message ?? "nothing", remedy);
    assert.deepEqual([trouble?.final, more.length, otherErrors(talk)], [true, 0, []], line);
    assert.equal(troublesOf(heard(line.replace("ERROR", "WARNING")))[0]?.final, false);
  }
  const note =
    "==WARNING== Note: Running with unmodified GPU clocks. If not controlled otherwise, " +
    "profiling results may be inconsistent.";
  assert.deepEqual(troublesOf(heard(note)), []);
});

Deno.test("an unknown option and an unknown complaint are kept as ncu says them", () => {
  const options = [
    "==ERROR== unrecognised option '--foo'. Use --help for further details.",
    "==ERROR== Invalid option --foo specified for --import",
  ];
  for (const line of options) assert.equal(heard(line).unknownOption, "--foo");
  const talk = heard(
    "==ERROR== The moon is full",
    "==ERROR== The application returned an error code (1).",
    "Traceback (most recent call last):",
    "ValueError: bad input",
  );
  assert.deepEqual(otherErrors(talk), ["The moon is full"]);
  assert.equal(talk.exception, "ValueError: bad input");
  fc.assert(fc.property(fc.array(fc.string()), (lines) => {
    assert.ok(heard(...lines).last.length <= 40);
  }));
});
