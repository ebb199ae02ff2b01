/** What Nsight Compute's CSV tells, in the forms of its versions and of languages. */

import assert from "node:assert/strict";
import { compareCaptures } from "../../../kit/analysis/capture/compare.ts";
import { flatTable } from "../../../kit/analysis/capture/flat_table.ts";
import { analyzedCsv, csvOutcome, detailsPage, type Figure, rawPage } from "./table.ts";

const GEMM = "nvjet_tst_128x64_64x6_2x1_v_bz_TNT";
const NORM = "void vllm::rms_norm_kernel<c10::BFloat16, 8>(c10::BFloat16 *, float)";

/** A GEMM near the memory's peak: 100 µs, 280 MB, 200 GFLOP of tensor pipes. */
const RAW: Readonly<Record<string, Figure>> = {
  "gpu__time_duration.sum": ["us", "100.00"],
  "dram__bytes_read.sum": ["Mbyte", "260.00"],
  "dram__bytes_write.sum": ["Mbyte", "20.00"],
  "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed": ["%", "83.50"],
  "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed": ["%", "84.00"],
  "sm__throughput.avg.pct_of_peak_sustained_elapsed": ["%", "45.25"],
  "sm__warps_active.avg.pct_of_peak_sustained_active": ["%", "17.80"],
  "sm__maximum_warps_per_active_cycle_pct": ["%", "18.75"],
  "sm__inst_executed_pipe_tensor.avg.pct_of_peak_sustained_active": ["%", "40.00"],
  "sm__ops_path_tensor_src_bf16_dst_fp32.sum": ["", "200,000,000,000"],
  "smsp__sass_thread_inst_executed_op_fadd_pred_on.sum": ["inst", "1,000,000"],
  "smsp__sass_thread_inst_executed_op_fmul_pred_on.sum": ["inst", "2,000,000"],
  "smsp__sass_thread_inst_executed_op_ffma_pred_on.sum": ["inst", "3,000,000"],
  "launch__registers_per_thread": ["register/thread", "168"],
  "launch__shared_mem_per_block_static": ["byte/block", "1,024"],
  "launch__shared_mem_per_block_dynamic": ["Kbyte/block", "196.61"],
  "sm__cycles_elapsed.avg.per_second": ["Ghz", "1.75"],
  "device__attribute_display_name": ["", "NVIDIA H100 80GB HBM3"],
};

const with_ = (more: Readonly<Record<string, Figure>>) => ({ ...RAW, ...more });

Deno.test("the page raw gives each launch's time, memory, multiprocessors and roofline", async () => {
  const { kind, ncu_kernels, roofline, partial, environment } = await analyzedCsv(
    rawPage([{ name: GEMM, figures: RAW }]),
  );
  assert.equal(kind, "ncu");
  assert.equal(partial, undefined);
  const [row] = ncu_kernels!;
  const { roofline_pct, ...rest } = row!;
  assert.deepEqual(rest, {
    name: GEMM,
    category: "ffn",
    id: "0",
    process_id: "4518",
    grid: [1024, 2, 1],
    block: [128, 1, 1],
    device: "NVIDIA H100 80GB HBM3",
    compute_capability: "9.0",
    duration_ns: 100_000,
    dram_gbps: 2800,
    dram_bytes: 280_000_000,
    dram_pct: 83.5,
    memory_pct: 84,
    sm_pct: 45.25,
    tensor_pct: 40,
    occupancy_pct: 17.8,
    theoretical_occupancy_pct: 18.75,
    flops: 200_009_000_000,
    tflops: 2000.09,
    flops_per_byte: 200_009 / 280,
    bound: "memory",
    registers_per_thread: 168,
    static_shared_bytes: 1024,
    dynamic_shared_bytes: 196_610,
    sm_ghz: 1.75,
  });
  assert.equal(roofline!.peak_gbps, 100 * 2800 / 83.5);
  assert.equal(roofline!.peak_gbps_source, "measured");
  assert.equal(roofline!.peak_tflops, 989.5);
  assert.ok(Math.abs(roofline_pct! - 100 * 2000.09 / 989.5) < 1e-9);
  assert.deepEqual(environment!.devices, ["NVIDIA H100 80GB HBM3"]);
});

const DETAILS: Readonly<Record<string, Figure>> = {
  "DRAM Frequency": ["Ghz", "2.62"],
  "SM Frequency": ["Ghz", "1.75"],
  "Elapsed Cycles": ["cycle", "175,004"],
  "Memory Throughput": ["%", "84.00"],
  "DRAM Throughput": ["%", "83.50"],
  "Duration": ["us", "100"],
  "Compute (SM) Throughput": ["%", "45.25"],
  "Memory Throughput ": ["", ""],
  "Registers Per Thread": ["register/thread", "168"],
  "Static Shared Memory Per Block": ["Kbyte/block", "1.02"],
  "Dynamic Shared Memory Per Block": ["byte/block", "0"],
  "Theoretical Occupancy": ["%", "18.75"],
  "Achieved Occupancy": ["%", "17.80"],
};

/** The section of memory names its rate as the first section names a share. */
function details(launches: Parameters<typeof detailsPage>[0]): string {
  return detailsPage(launches).replaceAll(
    '"Memory Throughput ","",""',
    '"Memory Throughput","Tbyte/s","2.80"',
  );
}

Deno.test("the page details gives the same figures, and names are told apart by their unit", async () => {
  const { ncu_kernels, partial } = await analyzedCsv(details([{ name: GEMM, figures: DETAILS }]));
  const { duration_ns, dram_gbps, memory_pct, dram_pct, sm_pct, occupancy_pct, flops, bound } =
    ncu_kernels![0]!;
  assert.deepEqual(
    [duration_ns, dram_gbps, memory_pct, dram_pct, sm_pct, occupancy_pct, bound],
    [100_000, 2800, 84, 83.5, 45.25, 17.8, "memory"],
  );
  assert.equal(flops, undefined);
  assert.equal(ncu_kernels![0]!.registers_per_thread, 168);
  assert.equal(ncu_kernels![0]!.static_shared_bytes, 1020);
  assert.equal(partial, undefined);
});

Deno.test("both pages of one report are the same launches, two reports are not", async () => {
  const raw = rawPage([{ name: GEMM, figures: RAW }, { name: NORM, figures: RAW }]);
  const pages = details([{ name: GEMM, figures: DETAILS }, { name: NORM, figures: DETAILS }]);
  assert.equal((await analyzedCsv(raw, pages)).ncu_kernels!.length, 2);
  assert.equal((await analyzedCsv(raw, raw)).ncu_kernels!.length, 4);
});

Deno.test("what ncu and the program print around the table does not matter", async () => {
  const page = rawPage([{ name: GEMM, figures: RAW }, { name: NORM, figures: RAW }]);
  const [head, units, first, second] = page.trimEnd().split("\n") as [
    string,
    string,
    string,
    string,
  ];
  const { ncu_kernels, partial } = await analyzedCsv([
    "==PROF== Connected to process 4518 (/usr/bin/python3.12)",
    'INFO 11-25 22:53:04 [core.py:116] config: {"a": 1, "unclosed',
    '==PROF== Profiling "nvjet" - 0: 0%....50%....100% - 39 passes',
    head,
    units,
    first,
    '==PROF== Profiling "rms_norm" - 1: 0%....50%....100% - 39 passes',
    "",
    second,
    "==PROF== Disconnected from process 4518",
  ].join("\r\n"));
  assert.deepEqual(ncu_kernels!.map(({ name }) => name), [GEMM, NORM]);
  assert.equal(partial, undefined);
});

Deno.test("columns of NVTX ranges, whose values hold quotes, and of further figures do not matter", async () => {
  const [head, units, first] = rawPage([{ name: GEMM, figures: RAW }]).split("\n") as [
    string,
    string,
    string,
  ];
  const more = (line: string, cell: string) =>
    line.replace(',"127.0.0.1",', `,"127.0.0.1",${cell},`);
  const ranges = '"4518  ""<default domain>:step, 1:none:none"" "';
  const { ncu_kernels, partial } = await analyzedCsv([
    `${head.replace('"Host Name",', '"Host Name","thread Domain:Push/Pop_Range",')},"launch__x"`,
    `"",${units},"SM"`,
    `${more(first, ranges)},"CachePreferNone"`,
    "",
  ].join("\n"));
  assert.equal(partial, undefined);
  assert.deepEqual([ncu_kernels![0]!.duration_ns, ncu_kernels![0]!.registers_per_thread], [
    100_000,
    168,
  ]);
});

Deno.test("units of all versions come to the same figures", async () => {
  const forms: Readonly<Record<string, Figure>>[] = [
    { "gpu__time_duration.sum": ["usecond", "100.00"] },
    { "gpu__time_duration.sum": ["ns", "100,000"] },
    { "gpu__time_duration.sum": ["nsecond", "100,000"] },
    { "gpu__time_duration.sum": ["ms", "0.10"] },
    { "gpu__time_duration.sum": ["msecond", "0.10"] },
    { "gpu__time_duration.sum": ["second", "1.0e-04"] },
    { "gpu__time_duration.avg": ["us", "100.0"] },
  ];
  for (const form of forms) {
    const { "gpu__time_duration.sum": _time, ...others } = RAW;
    const { ncu_kernels } = await analyzedCsv(
      rawPage([{ name: GEMM, figures: { ...others, ...form } }]),
    );
    assert.equal(ncu_kernels![0]!.duration_ns, 100_000, JSON.stringify(form));
  }
  for (
    const rate of [["Gbyte/second", "2,800.00"], ["Tbyte/s", "2.80"], ["byte/ns", "2,800.0"], [
      "byte/second",
      "2,800,000,000,000",
    ]] as const
  ) {
    const { ncu_kernels } = await analyzedCsv(
      rawPage([{ name: GEMM, figures: { ...RAW, "dram__bytes.sum.per_second": rate } }]),
    );
    assert.equal(ncu_kernels![0]!.dram_gbps, 2800, rate[0]);
  }
});

/** The same page as a user of another language has it. */
function inLanguage(page: string, point: string, group: string): string {
  return page.replaceAll(
    /"(\d[\d,]*)(?:\.(\d+))?"/g,
    (whole, integer: string, fraction?: string) =>
      fraction === undefined && !integer.includes(",")
        ? whole
        : whole.startsWith('"9.0"')
        ? whole
        : `"${integer.replaceAll(",", group)}${fraction === undefined ? "" : point + fraction}"`,
  );
}

Deno.test("numbers are read as their language writes them", async () => {
  const figures = with_({ "dram__bytes_read.sum": ["Kbyte", "260,000.123"] });
  const page = rawPage([{ name: GEMM, figures }]);
  const english = (await analyzedCsv(page)).ncu_kernels;
  for (const [point, group] of [[",", "."], [",", "\u202f"], [",", " "], [".", "'"], [".", ""]]) {
    const text = inLanguage(page, point!, group!);
    assert.notEqual(text, page);
    assert.deepEqual((await analyzedCsv(text)).ncu_kernels, english, `${point} ${group}`);
  }
});

Deno.test("numbers written in two ways are refused, and what no number tells is said", async () => {
  const mixed = await csvOutcome(
    rawPage([{ name: GEMM, figures: with_({ "dram__bytes_read.sum": ["Mbyte", "260,5"] }) }]),
  );
  assert.match(mixed.refused!, /numbers are written in two ways/);
  const { partial, ncu_kernels } = await analyzedCsv(
    rawPage([{ name: GEMM, figures: { "gpu__time_duration.sum": ["ns", "117,344"] } }]),
  );
  assert.equal(ncu_kernels![0]!.duration_ns, 117_344);
  assert.match(partial![0]!.reason, /No number tells whether 1,234/);
});

Deno.test("launches are summed by kernel and by category, weighted by time", async () => {
  const long = with_({
    "gpu__time_duration.sum": ["us", "300.00"],
    "sm__throughput.avg.pct_of_peak_sustained_elapsed": ["%", "85.25"],
  });
  const { ncu_by_kernel, ncu_by_category, kernels, categories } = await analyzedCsv(rawPage([
    { name: GEMM, figures: RAW },
    { name: NORM, figures: with_({ "gpu__time_duration.sum": ["us", "50.00"] }) },
    { name: GEMM, figures: long },
  ]));
  assert.deepEqual(ncu_by_kernel!.map(({ name, launches }) => [name, launches]), [[GEMM, 2], [
    NORM,
    1,
  ]]);
  const [gemm] = ncu_by_kernel!;
  assert.deepEqual([gemm!.total_ns, gemm!.duration_ns, gemm!.share], [
    400_000,
    200_000,
    400 / 450,
  ]);
  assert.equal(gemm!.sm_pct, (45.25 * 1 + 85.25 * 3) / 4);
  assert.equal(gemm!.dram_gbps, 560_000_000 / 400_000);
  assert.deepEqual(ncu_by_category!.map(({ name }) => name), ["ffn", "norm"]);
  assert.deepEqual(categories!.map(({ category, count }) => [category, count]), [
    ["ffn", 2],
    ["norm", 1],
    ["other", 0],
  ]);
  assert.deepEqual([kernels![0]!.median_ns, kernels![0]!.min_ns], [200_000, 100_000]);
});

Deno.test("what was not measured is absent, and what limits a kernel is told", async () => {
  const lost = with_({
    "gpu__time_duration.sum": ["us", "n/a"],
    "sm__throughput.avg.pct_of_peak_sustained_elapsed": ["%", "nan"],
    "dram__bytes_read.sum": ["Mbyte", "inf"],
  });
  const { ncu_kernels, findings, ncu_by_kernel } = await analyzedCsv(rawPage([
    { name: GEMM, figures: RAW },
    { name: NORM, figures: lost },
  ]));
  const [, row] = ncu_kernels!;
  for (const name of ["duration_ns", "sm_pct", "dram_gbps", "dram_bytes", "tflops", "bound"]) {
    assert.equal(row![name], undefined, name);
  }
  assert.equal(ncu_by_kernel!.find(({ name }) => name === NORM)!.launches_without_time, 1);
  assert.deepEqual(findings.map(({ title }) => title), [
    "Launches have no duration",
    `${GEMM} is bound by memory`,
  ]);
});

Deno.test("without tensor pipes no operations are told: a GEMM's would be wrong", async () => {
  const { "sm__ops_path_tensor_src_bf16_dst_fp32.sum": _tensor, ...scalar } = RAW;
  const [row] = (await analyzedCsv(rawPage([{ name: GEMM, figures: scalar }]))).ncu_kernels!;
  assert.equal(row!.flops, undefined);
  const idle = {
    ...scalar,
    "sm__inst_executed_pipe_tensor.avg.pct_of_peak_sustained_active": ["%", "0.0"] as const,
  };
  const [known] = (await analyzedCsv(rawPage([{ name: GEMM, figures: idle }]))).ncu_kernels!;
  assert.equal(known!.flops, 9_000_000);
  const perCycle = {
    ...scalar,
    "sm__cycles_elapsed.max": ["cycle", "175,000"] as const,
    "sm__ops_path_tensor_src_bf16_dst_fp32.sum.per_cycle_elapsed": ["1/cycle", "1,000.0"] as const,
    "sm__ops_path_tensor_src_bf16_dst_fp32_sparsity_off.sum.per_cycle_elapsed": [
      "1/cycle",
      "1,000.0",
    ] as const,
  };
  const [rate] = (await analyzedCsv(rawPage([{ name: GEMM, figures: perCycle }]))).ncu_kernels!;
  assert.equal(rate!.flops, 175_000_000 + 9_000_000);
});

Deno.test("each operation of tensor pipes counts once, however its counters are split", async () => {
  const name = (rest: string) => `sm__ops_path_tensor${rest}.sum`;
  const { "sm__ops_path_tensor_src_bf16_dst_fp32.sum": _tensor, ...scalar } = RAW;
  const flopsOf = async (counters: Readonly<Record<string, string>>, more = {}) => {
    const counted = Object.fromEntries(
      Object.entries(counters).map(([rest, text]) => [name(rest), ["", text] as const]),
    );
    const figures = { ...scalar, ...counted, ...more };
    const [row] = (await analyzedCsv(rawPage([{ name: GEMM, figures }]))).ncu_kernels!;
    return row!.flops === undefined ? undefined : row!.flops - 9_000_000;
  };
  const cases: [Readonly<Record<string, string>>, number | undefined][] = [
    [{ _src_bf16_dst_fp32: "100", _src_bf16_dst_fp32_sparsity_off: "100" }, 100],
    [{ _src_fp16: "70", _src_fp16_dst_fp16: "30", _src_fp16_dst_fp32: "40" }, 70],
    [{ _src_fp16_dst_fp16: "30", _src_fp16_dst_fp32: "40", _src_fp64: "5" }, 75],
    [{
      _op_hmma_src_bf16_dst_fp32_sparsity_off: "10",
      _op_gmma_src_bf16_dst_fp32_sparsity_off: "20",
      _op_gmma_src_bf16_dst_fp32_sparsity_on: "3",
    }, 33],
    [{ _src_fp16_bf16_tf32_dst_fp32: "50", _src_bf16_dst_fp32: "50" }, 50],
    [{ _src_fp4_fp6_fp8_dst_fp32: "50", _src_bf16_dst_fp32: "0" }, 50],
    [{ _src_int8: "50", _src_bf16_dst_fp32: "50" }, undefined],
    [{ _src_int8_sparsity_off: "0", _src_bf16_dst_fp32: "50" }, 50],
    // The pipes work, and what they work on was not counted.
    [{ _src_bf16_dst_fp32: "0" }, undefined],
  ];
  for (const [counters, flops] of cases) {
    assert.equal(await flopsOf(counters), flops, JSON.stringify(counters));
  }
});

Deno.test("two reports are compared by kernel, and every table can be had as CSV", async () => {
  const a = await analyzedCsv(rawPage([{ name: GEMM, figures: RAW }]));
  const b = await analyzedCsv(
    rawPage([{ name: GEMM, figures: with_({ "gpu__time_duration.sum": ["us", "80.0"] }) }]),
  );
  const { kernels } = compareCaptures(a, b);
  assert.deepEqual([kernels[0]!.a_ns, kernels[0]!.b_ns, kernels[0]!.ratio], [100_000, 80_000, 0.8]);
  const csv = flatTable({ ...a }, "ncu_kernels");
  assert.equal(csv.header[0], "name");
  assert.equal(csv.rows[0]![csv.header.indexOf("duration_ns")], 100_000);
});
