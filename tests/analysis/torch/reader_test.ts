/** Traces in Kineto's shape, every figure counted a second time. */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { fc } from "../../deps.ts";
import { analyzed } from "./analyzed.ts";
import {
  call,
  directKernels,
  directTotals,
  kernel,
  kernelsOf,
  type Made,
  operator,
  range,
  traceText,
} from "./kineto.ts";

const GEMM = "nvjet_tst_128x64_64x9_1x2_h_bz_TNT";
const FLASH = "void flash::flash_fwd_splitkv_kernel<Flash_fwd_kernel_traits<128, 64, 128, 4> >";
const NCCL = "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)";

/** Two steps: a prefill without graphs, then a decode that replays one. */
const STEPS: Made[] = [
  range("execute_context_2(37)_generation_0(0)", 10_000, 40_000),
  range("execute_context_0(0)_generation_2(2)", 100_000, 20_000),
  operator("aten::linear", 11_000, 9000, 1),
  operator("aten::addmm", 12_000, 6000, 2),
  operator("vllm::unified_attention", 21_000, 5000, 3),
  // As Kineto does: what ran comes before the call that launched it.
  kernel(GEMM, 20_000, 8000, { correlation: 11, "External id": 2 }),
  call("cudaLaunchKernel", 13_000, 4000, 11),
  kernel(FLASH, 30_000, 4500, { correlation: 12, "External id": 3 }),
  call("cudaLaunchKernel", 22_000, 3000, 12),
  call("cudaMemcpyAsync", 27_000, 1000, 13),
  {
    cat: "gpu_memcpy",
    name: "Memcpy HtoD (Pageable -> Device)",
    pid: 0,
    tid: 7,
    start: 36_000,
    duration: 2000,
    args: { device: 0, stream: 7, correlation: 13, bytes: 4096, "memory bandwidth (GB/s)": 2.04 },
  },
  kernel(NCCL, 40_000, 10_000, { correlation: 14, stream: 20 }),
  kernel(GEMM, 44_000, 8000, { correlation: 15 }),
  call("cudaLaunchKernel", 28_000, 1000, 14),
  call("cudaLaunchKernel", 29_500, 1000, 15),
  kernel(GEMM, 112_000, 3000, { correlation: 16, "graph id": 5, "graph node id": 50 }),
  kernel(FLASH, 115_500, 2000, { correlation: 16, "graph id": 5, "graph node id": 51 }),
  call("cudaGraphLaunch", 105_000, 6000, 16),
  kernel(GEMM, 117_500, 2500, { correlation: 16, "graph id": 5, "graph node id": 52 }),
];

Deno.test("totals, kernels and categories equal a direct count", async () => {
  const { gpu, kernels, categories } = await analyzed([traceText(STEPS)]);
  const { idle_share, ...totals } = gpu!;
  const direct = directTotals(STEPS);
  assert.deepEqual(totals, direct);
  assert.equal(idle_share, 1 - direct.busy_time_ns / direct.span_ns);
  assert.deepEqual(
    new Map(kernels!.map(({ name, category: _category, avg_ns, ...row }) => {
      assert.equal(avg_ns, row.total_ns / row.count);
      return [name, row];
    })),
    directKernels(STEPS),
  );
  assert.deepEqual(kernels!.map(({ name }) => name), [GEMM, NCCL, FLASH]);
  assert.deepEqual(
    categories!.map(({ category, count, total_ns }) => [category, count, total_ns]),
    [
      ["ffn", 4, 21_500],
      ["communication", 1, 10_000],
      ["attention", 2, 6500],
      ["other", 0, 0],
    ],
  );
});

Deno.test("steps have the phases and tokens that vLLM names, and their kernels", async () => {
  const { iterations, phases, steps, categories_by_phase, timeline } = await analyzed([
    traceText(STEPS),
  ]);
  assert.deepEqual(iterations, {
    count: 2,
    prefill: 1,
    decode: 1,
    mixed: 0,
    idle: 0,
    context_tokens: 37,
    generation_tokens: 2,
    elapsed_ms: { mean: 0.03, p50: 0.03, p95: 0.039, p99: 0.0398, max: 0.04 },
    period_ms: { mean: 0.09, p50: 0.09, p95: 0.09, p99: 0.09, max: 0.09 },
    source: "vllm",
    phase_source: "annotated",
  });
  assert.deepEqual(phases, [
    { phase: "prefill", iterations: 1, gpu_ns: 30_500, kernels: 4 },
    { phase: "decode", iterations: 1, gpu_ns: 7500, kernels: 3 },
  ]);
  assert.equal(steps![1]!.context_tokens, 0);
  assert.equal(steps![1]!.generation_requests, 2);
  assert.equal(steps![1]!.gpu_ns, 7500);
  assert.deepEqual(
    categories_by_phase!.filter(({ phase }) => phase === "decode"),
    [
      { phase: "decode", category: "attention", count: 1, total_ns: 2000 },
      { phase: "decode", category: "ffn", count: 2, total_ns: 5500 },
    ],
  );
  assert.deepEqual([timeline!.iteration, timeline!.elapsed_ns, timeline!.left_out], [0, 40_000, 0]);
  assert.deepEqual(
    timeline!.slices.map(({ category, stream, start_ns, launched_ns }) => [
      category,
      stream,
      start_ns,
      launched_ns,
    ]),
    [
      ["ffn", 7, 10_000, 3000],
      ["attention", 7, 20_000, 12_000],
      ["copy", 7, 26_000, 17_000],
      ["communication", 20, 30_000, 18_000],
      ["ffn", 7, 34_000, 19_500],
    ],
  );
});

Deno.test("a step's range may carry details of vLLM's roofline", async () => {
  const name = "execute_40_context_1(sq37sk37sqsq1369sqsk1369)_generation_3(sq3sk99sqsq3sqsk99)";
  const { iterations } = await analyzed([traceText([range(name, 0, 1000)])]);
  assert.equal(iterations!.mixed, 1);
  assert.equal(iterations!.context_tokens, 37);
  assert.equal(iterations!.generation_tokens, 3);
});

Deno.test("graphs are counted by kernel, graph and replay", async () => {
  const { cuda_graphs } = await analyzed([traceText(STEPS)]);
  assert.deepEqual(cuda_graphs, {
    kernels_in_graphs: 3,
    kernels_total: 7,
    coverage: 3 / 7,
    graphs: 1,
    launches: 1,
    gpu_ns: 7500,
  });
  // Kineto before it named graphs: only the call tells.
  const older = STEPS.map((event) => {
    const { "graph id": _id, "graph node id": _node, ...args } = event.args ?? {};
    return { ...event, args };
  });
  const found = (await analyzed([traceText(older)])).cuda_graphs!;
  assert.equal(found.kernels_in_graphs, 3);
  assert.equal(found.graphs, undefined);
});

Deno.test("every idle nanosecond has a cause, and the host's are those of late launches", async () => {
  const { gpu, idle, gaps, launch_bound } = await analyzed([traceText(STEPS)]);
  const causes = Object.fromEntries(idle!.map(({ cause, total_ns }) => [cause, total_ns]));
  assert.deepEqual(causes, {
    // 52,000 (end of the prefill's last kernel) to the graph's launch at 105,000.
    host_between_steps: 53_000,
    launch_latency: 7000,
    // 28,000–30,000 and 34,500–40,000 without the copy, and 115,000–115,500 within the graph.
    queued: 2000 + 3500 + 500,
    copy: 2000,
  });
  const sum = idle!.reduce((total, { total_ns }) => total + total_ns, 0);
  assert.equal(sum, gpu!.span_ns - gpu!.busy_time_ns);
  assert.equal(launch_bound!.waiting_ns, 60_000);
  assert.equal(launch_bound!.share, 60_000 / gpu!.span_ns);
  assert.equal(launch_bound!.launches, 5);
  assert.equal(launch_bound!.launches_on_idle, 2);
  assert.deepEqual(
    { ...gaps![0], source: undefined },
    {
      source: undefined,
      device: 0,
      start_ns: 42_000,
      duration_ns: 60_000,
      cause: "host_between_steps",
      after: GEMM,
      before: GEMM,
    },
  );
});

Deno.test("communication is told from what hides it", async () => {
  const { communication } = await analyzed([traceText(STEPS)]);
  assert.deepEqual(communication, {
    count: 1,
    total_ns: 10_000,
    busy_ns: 10_000,
    overlapped_ns: 6000,
    exposed_ns: 4000,
    overlap_share: 0.6,
  });
});

Deno.test("copies have kinds and bytes, calls and operators their times", async () => {
  const { memcpy, cuda_api, cpu_operators, cpu_categories } = await analyzed([traceText(STEPS)]);
  const spread = (unit: string, value: number) =>
    Object.fromEntries(
      ["avg", "median", "min", "max"].map((name) => [`${name}_${unit}`, value])
        .concat([[`stddev_${unit}`, 0]]),
    );
  assert.deepEqual(memcpy, [{
    kind: "HtoD",
    count: 1,
    total_ns: 2000,
    bytes: 4096,
    ...spread("ns", 2000),
    ...spread("bytes", 4096),
  }]);
  assert.deepEqual(cuda_api!.find(({ name }) => name === "cudaLaunchKernel"), {
    name: "cudaLaunchKernel",
    count: 4,
    total_ns: 9000,
    median_ns: 2000,
    max_ns: 4000,
    avg_ns: 2250,
    min_ns: 1000,
    stddev_ns: 1500,
  });
  assert.deepEqual(cpu_operators!.map(({ name, total_ns, self_ns }) => [name, total_ns, self_ns]), [
    ["aten::linear", 9000, 3000],
    ["aten::addmm", 6000, 6000],
    ["vllm::unified_attention", 5000, 5000],
  ]);
  assert.deepEqual(cpu_categories!.map(({ category, self_ns }) => [category, self_ns]), [
    ["ffn", 9000],
    ["attention", 5000],
    ["other", 0],
  ]);
});

Deno.test("a kernel leads to its operator, and to its module where stacks were recorded", async () => {
  const python = (name: string, start: number, duration: number): Made => ({
    cat: "python_function",
    name,
    pid: 100,
    tid: 100,
    start,
    duration,
    args: { "Python id": 1, "Python module id": 0 },
  });
  const { kernel_paths } = await analyzed([traceText([
    ...STEPS,
    python("nn.Module: Qwen3DecoderLayer_3", 10_500, 30_000),
    python("nn.Module: Qwen3Attention_3", 20_500, 6000),
    python("vllm/v1/worker/gpu_worker.py(700): execute_model", 10_000, 40_000),
  ])]);
  assert.deepEqual(kernel_paths!.slice(0, 4), [
    {
      kernel: NCCL,
      category: "communication",
      module: "Qwen3DecoderLayer",
      count: 1,
      total_ns: 10_000,
    },
    {
      kernel: GEMM,
      category: "ffn",
      operator: "aten::addmm",
      module: "Qwen3DecoderLayer",
      count: 1,
      total_ns: 8000,
    },
    { kernel: GEMM, category: "ffn", module: "Qwen3DecoderLayer", count: 1, total_ns: 8000 },
    {
      kernel: FLASH,
      category: "attention",
      operator: "vllm::unified_attention",
      module: "Qwen3DecoderLayer > Qwen3Attention",
      count: 1,
      total_ns: 4500,
    },
  ]);
});

Deno.test("a trace without a GPU has no GPU part, not one of zeros", async () => {
  const found = await analyzed([
    traceText(STEPS.filter(({ cat }) => ["cpu_op", "user_annotation"].includes(cat))),
  ]);
  for (
    const part of [
      "gpu",
      "kernels",
      "categories",
      "cuda_graphs",
      "memcpy",
      "idle",
    ] as const
  ) {
    assert.ok(!(part in found), part);
  }
  assert.equal(found.iterations!.count, 2);
  assert.deepEqual(found.phases, [
    { phase: "prefill", iterations: 1 },
    { phase: "decode", iterations: 1 },
  ]);
  assert.equal(found.cpu_operators!.length, 3);
});

Deno.test("ranks are added up and listed, and the one that computes most is the slowest", async () => {
  const slow = STEPS.map((event) =>
    event.name === GEMM ? { ...event, duration: event.duration + 400 } : event
  );
  const { gpu, ranks, kernels, iterations, findings } = await analyzed([
    traceText(STEPS, { distributedInfo: { backend: "nccl", rank: 0, world_size: 2 } }),
    traceText(slow, { distributedInfo: { backend: "nccl", rank: 1, world_size: 2 } }),
  ]);
  const both = [directTotals(STEPS), directTotals(slow)];
  assert.equal(gpu!.kernel_time_ns, both[0]!.kernel_time_ns + both[1]!.kernel_time_ns);
  assert.equal(gpu!.busy_time_ns, both[0]!.busy_time_ns + both[1]!.busy_time_ns);
  assert.equal(kernels!.find(({ name }) => name === GEMM)!.count, 8);
  assert.equal(iterations!.count, 2);
  assert.deepEqual(ranks!.map(({ rank, slowest, compute_ns }) => [rank, slowest, compute_ns]), [
    [0, undefined, 28_000],
    [1, true, 29_600],
  ]);
  assert.ok(findings.some(({ title }) => title === "The slowest is rank 1"));
});

Deno.test("a packed trace and a bare list of events read the same", async () => {
  const text = traceText(STEPS);
  const plain = await analyzed([text]);
  const packed = await analyzed([gzipSync(text)], ".json.gz");
  const bare = await analyzed([JSON.stringify(JSON.parse(text).traceEvents)]);
  assert.deepEqual(packed.kernels, plain.kernels);
  // JSON.parse has rounded the times, and still no duration.
  assert.deepEqual(bare.kernels, plain.kernels);
});

const kernels = fc.array(
  fc.record({
    name: fc.constantFrom(GEMM, FLASH, NCCL, 'ünï "quoted" \\ kernel'),
    start: fc.nat(3000),
    duration: fc.nat(400),
    device: fc.nat(1),
    stream: fc.nat(3),
    correlation: fc.nat(40),
  }),
  { minLength: 1, maxLength: 40 },
).map((list) =>
  list.map(({ name, start, duration, ...args }) => kernel(name, start, duration, args))
);
const calls = fc.array(fc.tuple(fc.nat(3000), fc.nat(40)), { maxLength: 20 }).map((list) =>
  list.map(([start, correlation]) => call("cudaLaunchKernel", start, 5, correlation))
);
const steps = fc.array(fc.nat(30), { maxLength: 5 }).map((list) =>
  [...new Set(list)].map((place) => range("execute_context_1(9)_generation_1(1)", place * 100, 90))
);

Deno.test("whatever the order and overlap of kernels, their figures equal a direct count", async () => {
  await fc.assert(
    fc.asyncProperty(kernels, calls, steps, async (kernels, calls, steps) => {
      const events = [...kernels, ...calls, ...steps];
      const found = await analyzed([traceText(events)]);
      const { idle_share: _share, ...totals } = found.gpu!;
      assert.deepEqual(totals, directTotals(events));
      for (const row of found.kernels!) {
        const direct = directKernels(events).get(row.name)!;
        assert.equal(row.count, direct.count);
        assert.equal(row.total_ns, direct.total_ns);
        assert.equal(row.median_ns, direct.median_ns);
        assert.ok(Math.abs(row.stddev_ns - direct.stddev_ns) <= 1e-9 * (1 + direct.stddev_ns));
      }
      const idle = (found.idle ?? []).reduce((sum, { total_ns }) => sum + total_ns, 0);
      assert.equal(idle, totals.span_ns - totals.busy_time_ns);
      const phases = found.phases?.reduce((sum, { gpu_ns }) => sum + gpu_ns!, 0);
      assert.equal(phases ?? totals.kernel_time_ns, totals.kernel_time_ns);
      assert.equal(
        found.categories!.reduce((sum, { count }) => sum + count, 0),
        kernelsOf(events).length,
      );
    }),
    { numRuns: 150 },
  );
});
