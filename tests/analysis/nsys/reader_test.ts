/** Exports in the schemas of several releases, every figure counted a second time. */

import assert from "node:assert/strict";
import { fc } from "../../deps.ts";
import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import { inFolder } from "../../folders.ts";
import { analyzedRows } from "./analyzed.ts";
import { globalId, type MadeRow, type Release, writeExport } from "./made.ts";

const GEMM = "nvjet_tst_128x64_64x9_1x2_h_bz_TNT";
const FLASH = "void flash::flash_fwd_splitkv_kernel<Flash_fwd_kernel_traits<128, 64, 128, 4> >";
const NCCL = "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)";
const GRAPH = 2 ** 32;

/** Two steps of a worker: a prefill without graphs, then a decode that replays one. */
function steps(pid: number, device: number, late = 0): MadeRow[] {
  const row = (
    kind: MadeRow["kind"],
    name: string,
    start: number,
    duration: number,
    correlation?: number,
  ): MadeRow => ({
    kind,
    name,
    start: start + late,
    duration,
    pid,
    device,
    ...(correlation === undefined ? {} : { correlation }),
  });
  return [
    row("range", "execute_context_2(37)_generation_0(0)", 10_000, 40_000),
    row("range", "execute_context_0(0)_generation_2(2)", 100_000, 20_000),
    row("call", "cudaLaunchKernel_v7000", 13_000, 4000, 11),
    row("call", "cuLaunchKernelEx", 22_000, 3000, 12),
    row("call", "cudaMemcpyAsync_v3020", 27_000, 1000, 13),
    row("call", "cudaGraphLaunch_v10000", 105_000, 6000, 14),
    row("call", "cudaDeviceSynchronize_v3020", 112_000, 900, 15),
    // Kernels run after the host's range of their step has ended.
    { ...row("kernel", NCCL, 113_000, 4000, 14), graphNode: 5 * GRAPH + 1 },
    { ...row("kernel", GEMM, 118_000, 3000, 14), graphNode: 5 * GRAPH + 2 },
    row("kernel", GEMM, 60_000, 8000, 11),
    { ...row("kernel", FLASH, 70_000, 4500, 12), grid: [2, 3, 4] },
    { ...row("copy", "", 80_000, 2000, 13), bytes: 4096 },
  ];
}

/** Releases differ in what they write; what they all write is read the same. */
const RELEASES: Readonly<Record<string, Release>> = {
  "with all columns": {},
  "with registered texts": { registered: true },
  "without numbers of graph nodes": { without: ["CUPTI_ACTIVITY_KIND_KERNEL.graphNodeId"] },
  "without domains and short names": {
    without: ["NVTX_EVENTS.domainId", "CUPTI_ACTIVITY_KIND_KERNEL.shortName"],
  },
  "with texts that have no key": { plainStrings: true },
  "in small pages": { pageSize: 512 },
  "in large pages": { pageSize: 65_536 },
  "that was once written with a log": { journal: "WAL" },
};

for (const [what, release] of Object.entries(RELEASES)) {
  Deno.test(`an export ${what} gives kernels, steps, calls and graphs`, async () => {
    const analysis = await analyzedRows(steps(500, 0), release);
    const { kernels, categories, iterations, phases, cuda_graphs, cuda_api, nvtx, memcpy, gpu } =
      analysis;
    assert.deepEqual(kernels!.map(({ name, count, total_ns }) => [name, count, total_ns]), [
      [GEMM, 2, 11_000],
      [FLASH, 1, 4500],
      [NCCL, 1, 4000],
    ]);
    assert.deepEqual(
      categories!.filter(({ count }) => count > 0).map(({ category }) => category),
      ["ffn", "attention", "communication"],
    );
    assert.deepEqual([iterations!.prefill, iterations!.decode], [1, 1]);
    assert.deepEqual([iterations!.context_tokens, iterations!.generation_tokens], [37, 2]);
    assert.deepEqual(phases, [
      { phase: "prefill", iterations: 1, gpu_ns: 12_500, kernels: 2 },
      { phase: "decode", iterations: 1, gpu_ns: 7000, kernels: 2 },
    ]);
    const { kernels_in_graphs, launches } = cuda_graphs!;
    assert.deepEqual([kernels_in_graphs, launches], [2, 1]);
    assert.equal(
      cuda_graphs!.graphs,
      release.without?.[0]?.endsWith("graphNodeId") ? undefined : 1,
    );
    assert.deepEqual(cuda_api!.map(({ name }) => name), [
      "cudaGraphLaunch_v10000",
      "cudaLaunchKernel",
      "cuLaunchKernelEx",
      "cudaMemcpyAsync",
      "cudaDeviceSynchronize",
    ]);
    assert.deepEqual(nvtx!.map(({ count, total_ns }) => [count, total_ns]), [[1, 40_000], [
      1,
      20_000,
    ]]);
    assert.deepEqual(memcpy!.map(({ kind, bytes }) => [kind, bytes]), [["HtoD", 4096]]);
    assert.deepEqual([gpu!.busy_time_ns, gpu!.span_ns], [19_500, 61_000]);
    assert.equal(analysis.partial, undefined);
  });
}

Deno.test("an idle GPU's time has causes that add up to it", async () => {
  const { idle, gpu, gaps } = await analyzedRows(steps(500, 0));
  assert.equal(
    idle!.reduce((sum, { total_ns }) => sum + total_ns, 0),
    gpu!.span_ns - gpu!.busy_time_ns,
  );
  assert.deepEqual(idle!.map(({ cause, total_ns }) => [cause, total_ns]), [
    ["host_between_steps", 28_500],
    ["launch_latency", 8000],
    ["queued", 3000],
    ["copy", 2000],
  ]);
  assert.deepEqual([gaps![0]!.after, gaps![0]!.before], [FLASH, NCCL]);
});

Deno.test("a kernel tells how it was launched", async () => {
  const { kernels, launch_configurations } = await analyzedRows([
    ...steps(500, 0),
    { kind: "kernel", name: GEMM, start: 200_000, duration: 10, grid: [9, 9, 9] },
  ]);
  const gemm = kernels!.find(({ name }) => name === GEMM)!;
  assert.deepEqual([gemm.grid, gemm.block, gemm.configurations], [[8, 1, 1], [128, 1, 1], 2]);
  assert.deepEqual(
    [gemm.registers_per_thread, gemm.static_shared_bytes, gemm.dynamic_shared_bytes],
    [40, 16, 1024],
  );
  assert.deepEqual(
    launch_configurations!.map(({ name, grid, count }) => [name, grid, count]),
    [[GEMM, [8, 1, 1], 2], [FLASH, [2, 3, 4], 1], [NCCL, [8, 1, 1], 1], [GEMM, [9, 9, 9], 1]],
  );
});

Deno.test("workers of one run each have their GPU, and steps count once", async () => {
  // The same correlations in both: only the process tells them apart.
  const rows = [...steps(500, 0), ...steps(501, 1, 7)];
  const extra: MadeRow = {
    kind: "kernel",
    name: FLASH,
    start: 90_000,
    duration: 900,
    pid: 501,
    device: 1,
  };
  const { devices, ranks, iterations, gpu, phases, communication, environment } =
    await analyzedRows(
      [...rows, extra],
      {},
      {
        PROCESSES: [500, 501].map((pid, rank) => ({
          globalPid: globalId(pid),
          pid,
          name: `VLLM::Worker_TP${rank}`,
        })),
        TARGET_INFO_GPU: [{ id: 0, name: "NVIDIA H200" }, { id: 1, name: "NVIDIA H200" }],
      },
    );
  assert.deepEqual(
    devices!.map(({ device, kernel_count, model }) => [device, kernel_count, model]),
    [
      [0, 4, "NVIDIA H200"],
      [1, 5, "NVIDIA H200"],
    ],
  );
  assert.deepEqual(
    ranks!.map(({ rank, pid, process, compute_ns, communication_ns, iterations, slowest }) => [
      rank,
      pid,
      process,
      compute_ns,
      communication_ns,
      iterations,
      slowest,
    ]),
    [
      [0, 500, "VLLM::Worker_TP0", 15_500, 4000, 2, undefined],
      [1, 501, "VLLM::Worker_TP1", 16_400, 4000, 2, true],
    ],
  );
  assert.equal(iterations!.count, 2);
  assert.equal(gpu!.kernel_count, 9);
  assert.deepEqual(environment!.devices, ["NVIDIA H200", "NVIDIA H200"]);
  assert.equal(communication!.count, 2);
  // Whose launch is not known belongs to no step.
  assert.deepEqual(phases!.map(({ phase, gpu_ns }) => [phase, gpu_ns]), [
    ["prefill", 25_000],
    ["decode", 14_000],
    ["other", 900],
  ]);
});

Deno.test("GPUs are told apart although each worker calls its own number 0", async () => {
  const rows = [...steps(500, 0), ...steps(501, 0)];
  const { devices, gpu } = await analyzedRows(rows, {}, {
    TARGET_INFO_CUDA_DEVICE: [{ gpuId: 2, cudaId: 0, pid: 500 }, { gpuId: 6, cudaId: 0, pid: 501 }],
  });
  assert.deepEqual(devices!.map(({ device }) => device), [2, 6]);
  assert.equal(gpu!.busy_time_ns, 2 * 19_500);
});

Deno.test("processes that share a GPU keep it busy once", async () => {
  const { devices, gpu, ranks } = await analyzedRows([...steps(500, 0), ...steps(501, 0)]);
  assert.equal(devices!.length, 1);
  assert.equal(gpu!.kernel_time_ns, 2 * 19_500);
  assert.equal(gpu!.busy_time_ns, 19_500);
  assert.deepEqual(ranks!.map(({ gpu }) => gpu), [undefined, undefined]);
});

Deno.test("files of one run are added up", async () => {
  await inFolder(async (dir) => {
    const paths = [`${dir}/a.sqlite`, `${dir}/b.sqlite`];
    writeExport(paths[0]!, steps(500, 0));
    writeExport(paths[1]!, steps(500, 0), { registered: true });
    const { kernels, nvtx, ranks, iterations, gpu, devices } = await analyzeCapture(Deno, paths);
    assert.deepEqual(kernels!.map(({ count }) => count), [4, 2, 2]);
    assert.deepEqual(nvtx!.map(({ count }) => count), [2, 2]);
    assert.deepEqual(ranks!.map(({ source }) => source), [0, 1]);
    assert.deepEqual([iterations!.count, gpu!.kernel_count, devices!.length], [2, 8, 2]);
  });
});

Deno.test("graphs that were recorded as a whole keep the GPU busy without kernels", async () => {
  const rows = steps(500, 0).filter(({ kind }) => kind !== "kernel");
  const graph: MadeRow = {
    kind: "graph",
    name: "",
    start: 113_000,
    duration: 8000,
    correlation: 14,
  };
  const kernel: MadeRow = {
    kind: "kernel",
    name: GEMM,
    start: 60_000,
    duration: 9000,
    correlation: 11,
  };
  const analysis = await analyzedRows([...rows, graph, kernel]);
  const { gpu, kernels, cuda_graphs, graph_executions, phases, findings } = analysis;
  assert.deepEqual([gpu!.kernel_count, gpu!.kernel_time_ns, gpu!.busy_time_ns], [1, 9000, 17_000]);
  assert.deepEqual(kernels!.map(({ count }) => count), [1]);
  assert.equal(cuda_graphs, undefined);
  assert.deepEqual(graph_executions!.map(({ name, total_ns }) => [name, total_ns]), [
    ["CUDA graph 3", 8000],
  ]);
  assert.deepEqual(phases!.map(({ phase, gpu_ns, kernels }) => [phase, gpu_ns, kernels]), [
    ["prefill", 9000, 1],
    ["decode", 8000, 0],
  ]);
  assert.ok(findings.some(({ title }) => title === "CUDA graphs were recorded as a whole"));
});

Deno.test("ranges have styles and domains; one that is open has no time", async () => {
  const { nvtx, partial } = await analyzedRows([
    { kind: "range", name: "work", start: 0, duration: 10 },
    { kind: "range", name: "work", start: 20, duration: 30, startEnd: true },
    { kind: "range", name: "work", start: 60, duration: 50, domain: "NCCL" },
    { kind: "range", name: "rest", start: 200, duration: 0, open: true },
  ]);
  assert.deepEqual(nvtx!.map(({ name, style, total_ns }) => [name, style, total_ns]), [
    ["NCCL:work", "PushPop", 50],
    ["work", "StartEnd", 30],
    ["work", "PushPop", 10],
  ]);
  assert.deepEqual(partial!.map(({ reason, events }) => [reason.slice(0, 26), events]), [
    ["NVTX ranges had not ended ", 1],
  ]);
});

Deno.test("a capture without a kernel has no GPU part and says so", async () => {
  const { gpu, kernels, cuda_graphs, findings } = await analyzedRows(
    [{ kind: "range", name: "work", start: 0, duration: 10 }],
    {},
    { DIAGNOSTIC_EVENT: [{ timestamp: 0, severity: 3, text: "No CUDA events\n collected." }] },
  );
  assert.deepEqual([gpu, kernels, cuda_graphs], [undefined, undefined, undefined]);
  assert.deepEqual(findings.map(({ severity, title }) => [severity, title]), [
    ["warning", "nsys was not content with its recording"],
    ["warning", "The capture holds no GPU kernel"],
  ]);
  assert.match(findings[0]!.evidence, /^No CUDA events collected\.$/);
});

Deno.test("rows whose times make no sense are left out and counted", async () => {
  const { gpu, partial } = await analyzedRows([
    { kind: "kernel", name: GEMM, start: 10, duration: 5 },
    { kind: "kernel", name: GEMM, start: 10, duration: -5 },
    { kind: "call", name: "cudaFree", start: 10, duration: -1 },
  ]);
  assert.equal(gpu!.kernel_count, 1);
  assert.deepEqual(partial!.map(({ events }) => events), [2]);
});

Deno.test("whatever rows an export has, its figures equal a direct count", async () => {
  const row = fc.record({
    kind: fc.constantFrom<MadeRow["kind"]>("kernel", "kernel", "call", "copy", "fill", "range"),
    name: fc.constantFrom(GEMM, FLASH, NCCL, "cudaLaunchKernel_v7000", 'naïve \\n "kernel"'),
    start: fc.nat(100_000),
    duration: fc.nat(3000),
    correlation: fc.nat(40),
    pid: fc.constantFrom(500, 501, 70_000),
    device: fc.nat(2),
    stream: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 120 }), async (rows) => {
      const { gpu, kernels = [], cuda_api = [], nvtx = [], memcpy = [], idle = [] } =
        await analyzedRows(rows);
      const kernelRows = rows.filter(({ kind }) => kind === "kernel");
      assert.equal(gpu?.kernel_count ?? 0, kernelRows.length);
      const devices = Map.groupBy(kernelRows, ({ device }) => device);
      const busy = [...devices.values()].reduce((sum, list) => sum + union(list), 0);
      assert.equal(gpu?.busy_time_ns ?? 0, busy);
      const idleSum = idle.reduce((sum, { total_ns }) => sum + total_ns, 0);
      assert.equal(idleSum, (gpu?.span_ns ?? 0) - busy);
      const kinds = [["kernel", kernels], ["call", cuda_api], ["range", nvtx]] as const;
      for (const [kind, found] of kinds) {
        const wanted = Map.groupBy(
          rows.filter((one) => one.kind === kind),
          ({ name }) => kind === "call" ? name.replace("_v7000", "") : name,
        );
        assert.deepEqual(
          new Map(found.map(({ name, count, total_ns }) => [name, [count, total_ns]])),
          new Map([...wanted].map(([name, list]) => [name, [list.length, sumOf(list)]])),
        );
      }
      const moved = rows.filter(({ kind }) => kind === "copy" || kind === "fill");
      assert.equal(memcpy.reduce((sum, { total_ns }) => sum + total_ns, 0), sumOf(moved));
    }),
    { numRuns: 60 },
  );
});

function sumOf(rows: readonly MadeRow[]): number {
  return rows.reduce((sum, { duration }) => sum + duration, 0);
}

function union(rows: readonly MadeRow[]): number {
  let [sum, end] = [0, -Infinity];
  for (const { start, duration } of rows.toSorted((a, b) => a.start - b.start)) {
    sum += Math.max(0, start + duration - Math.max(start, end));
    end = Math.max(end, start + duration);
  }
  return sum;
}
