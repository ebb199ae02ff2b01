/** Recordings of real vLLM engines: every figure is the one that `nsys stats` printed for them. */

import assert from "node:assert/strict";
import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import { loadCsv } from "../../../kit/deps.ts";
import { inFolder } from "../../folders.ts";
import { nsysStats, recorded } from "./analyzed.ts";

interface Figures {
  name: string;
  style?: string;
  count: number;
  total_ns: number;
  avg_ns?: number;
  median_ns?: number;
  min_ns?: number;
  max_ns?: number;
  stddev_ns?: number;
}

async function analyzed(name: string) {
  return await inFolder(async (dir) => {
    await Deno.writeFile(`${dir}/${name}.sqlite`, await recorded(name));
    return await analyzeCapture(Deno, [`${dir}/${name}.sqlite`]);
  });
}

/** Rows of `nsys stats`, by the title of their columns. */
async function rowsOf(name: string, report: string): Promise<Record<string, string>[]> {
  const text = await nsysStats(name, report);
  const { data: [head, ...rows] } = (await loadCsv()).parse(text, {
    delimiter: ",",
    skipEmptyLines: true,
  });
  return rows.map((row) => Object.fromEntries(row.map((cell, at) => [head![at]!, cell])));
}

/** Compares a table with one of `nsys stats`, which prints one decimal of what is no whole number. */
function assertSame(
  ours: readonly Figures[],
  theirs: readonly Record<string, string>[],
  counted: string,
  keyOf: (row: Figures) => string,
  theirKey: (row: Record<string, string>) => string,
): void {
  const byName = new Map(ours.map((row) => [keyOf(row), row]));
  assert.deepEqual([...byName.keys()].sort(), theirs.map(theirKey).sort());
  for (const row of theirs) {
    const own = byName.get(theirKey(row))!;
    const name = theirKey(row).slice(0, 80);
    assert.equal(own.count, Number(row[counted]), name);
    assert.equal(own.total_ns, Number(row["Total Time (ns)"]), name);
    assert.equal(own.min_ns, Number(row["Min (ns)"]), name);
    assert.equal(own.max_ns, Number(row["Max (ns)"]), name);
    for (
      const [title, value] of [
        ["Avg (ns)", own.avg_ns],
        ["Med (ns)", own.median_ns],
        ["StdDev (ns)", own.stddev_ns],
      ] as const
    ) {
      assert.ok(Math.abs(value! - Number(row[title])) <= 0.0501, `${name}: ${title} ${value}`);
    }
  }
}

const OPERATIONS: Readonly<Record<string, string>> = {
  HtoD: "[CUDA memcpy Host-to-Device]",
  DtoH: "[CUDA memcpy Device-to-Host]",
  DtoD: "[CUDA memcpy Device-to-Device]",
  memset: "[CUDA memset]",
};

for (const name of ["dense-graphs", "experts-eager"]) {
  Deno.test(`${name}: kernels, calls, ranges and copies are those of nsys stats`, async () => {
    const { kernels, cuda_api, nvtx, memcpy, gpu } = await analyzed(name);
    const plain = ({ name }: Figures) => name;
    const kernelRows = await rowsOf(name, "cuda_gpu_kern_sum");
    assertSame(kernels!, kernelRows, "Instances", plain, (row) => row["Name"]!);
    assert.equal(
      gpu!.kernel_count,
      kernelRows.reduce((sum, row) => sum + Number(row["Instances"]), 0),
    );
    const callRows = await rowsOf(name, "cuda_api_sum");
    assertSame(cuda_api!, callRows, "Num Calls", plain, (row) => row["Name"]!);
    assertSame(
      nvtx!,
      await rowsOf(name, "nvtx_sum"),
      "Instances",
      ({ style, name }) => `${style} :${name}`,
      (row) => `${row["Style"]} ${row["Range"]}`,
    );
    const operation = (kind: string) => OPERATIONS[kind]!;
    assertSame(
      memcpy!.map(({ kind, ...row }) => ({ ...row, name: operation(kind) })),
      await rowsOf(name, "cuda_gpu_mem_time_sum"),
      "Count",
      plain,
      (row) => row["Operation"]!,
    );
    for (const row of await rowsOf(name, "cuda_gpu_mem_size_sum")) {
      const own = memcpy!.find(({ kind }) => operation(kind) === row["Operation"])!;
      for (
        const [title, bytes] of [
          ["Total (MB)", own.bytes],
          ["Avg (MB)", own.avg_bytes],
          ["Med (MB)", own.median_bytes],
          ["Max (MB)", own.max_bytes],
          ["StdDev (MB)", own.stddev_bytes],
        ] as const
      ) {
        assert.ok(Math.abs(bytes! / 1e6 - Number(row[title])) <= 0.000_501, `${title} ${bytes}`);
      }
    }
  });
}

for (const name of ["dense-graphs", "experts-eager"]) {
  Deno.test(`${name}: launches by grid and block are those of nsys stats`, async () => {
    const { launch_configurations } = await analyzed(name);
    const ways = Map.groupBy(
      launch_configurations!,
      ({ name, grid, block }) => [name, grid.join(), block.join()].join(" "),
    );
    const rows = await rowsOf(name, "cuda_gpu_kern_gb_sum");
    assert.equal(ways.size, rows.length);
    for (const row of rows) {
      const dim = (column: string) => row[column]!.match(/\d+/g)!.join();
      const same = ways.get([row["Name"], dim("GridXYZ"), dim("BlockXYZ")].join(" ")) ?? [];
      const sum = (key: "count" | "total_ns") => same.reduce((all, one) => all + one[key], 0);
      assert.equal(sum("count"), Number(row["Instances"]));
      assert.equal(sum("total_ns"), Number(row["Total Time (ns)"]));
    }
  });
}

Deno.test("an export of nsys 2023 has registered texts and domains, and no GPU", async () => {
  const { nvtx, iterations, gpu, cuda_api, environment } = await analyzed("ranges-2023");
  assertSame(
    nvtx!,
    await rowsOf("ranges-2023", "nvtx_sum"),
    "Instances",
    ({ style, name }) => `${style} ${name}`,
    (row) => `${row["Style"]} ${row["Range"]}`,
  );
  assert.deepEqual([iterations!.prefill, iterations!.decode, gpu, cuda_api], [
    1,
    4,
    undefined,
    undefined,
  ]);
  assert.equal(environment!.nsys_version, "2023.4.4.54");
});

Deno.test("steps of a dense model under CUDA graphs are those that the requests ask for", async () => {
  const { iterations, steps, phases, cuda_graphs, categories, devices, environment, gpu } =
    await analyzed("dense-graphs");
  // 16 requests with 4,794 prompt tokens, 16 tokens each: the first of them comes with its prompt.
  assert.equal(iterations!.context_tokens, 4794);
  assert.equal(iterations!.generation_tokens, 16 * 15);
  const { prefill, decode, mixed, idle, count } = iterations!;
  assert.deepEqual({ prefill, decode, mixed, idle, count }, {
    prefill: 1,
    decode: 15,
    mixed: 1,
    idle: 3,
    count: 20,
  });
  // The decode steps replay one graph each; every kernel belongs to a step.
  assert.equal(cuda_graphs!.launches, 15);
  const decodes = steps!.filter(({ phase }) => phase === "decode");
  assert.ok(decodes.every(({ kernels }) => kernels === 383 || kernels === 384));
  assert.equal(phases!.reduce((sum, { kernels }) => sum + kernels!, 0), gpu!.kernel_count);
  assert.ok(categories!.find(({ category }) => category === "other")!.share < 0.05);
  // The process saw one GPU, its number 0, which was the machine's number 1.
  assert.deepEqual(devices!.map(({ device, model }) => [device, model]), [
    [1, "NVIDIA H100 80GB HBM3"],
  ]);
  assert.equal(environment!.nsys_version, "2025.3.2.0");
});

Deno.test("steps of 128 experts without graphs are those that the requests ask for", async () => {
  const { iterations, cuda_graphs, categories, launch_configurations, kernels, findings } =
    await analyzed("experts-eager");
  assert.equal(iterations!.context_tokens, 4794);
  assert.equal(iterations!.generation_tokens, 16 * 11);
  assert.equal(cuda_graphs!.coverage, 0);
  assert.equal(categories![0]!.category, "moe");
  assert.ok(categories!.find(({ category }) => category === "other")!.share < 0.05);
  const moe = kernels!.find(({ name }) => name === "fused_moe_kernel")!;
  const ways = launch_configurations!.filter(({ name }) => name === moe.name);
  assert.equal(ways.length, moe.configurations);
  assert.equal(ways.reduce((sum, { count }) => sum + count, 0), moe.count);
  assert.equal(ways.reduce((sum, { total_ns }) => sum + total_ns, 0), moe.total_ns);
  assert.ok(findings.some(({ title }) => title === "nsys was not content with its recording"));
});

Deno.test("what graphs replay belongs to the step whose call replayed them", async () => {
  const { steps, cuda_graphs, gpu, phases, timeline } = await analyzed("small");
  assert.deepEqual(
    steps!.map(({ phase, kernels, gpu_ns }) => [phase, kernels, gpu_ns]),
    [
      ["prefill", 4, 217_664],
      ["decode", 2, 212_608],
      ["decode", 2, 205_823],
      ["decode", 2, 205_216],
      ["decode", 2, 206_079],
      ["decode", 2, 206_016],
    ],
  );
  assert.equal(gpu!.kernel_count, 14);
  assert.deepEqual(
    [cuda_graphs!.kernels_in_graphs, cuda_graphs!.graphs, cuda_graphs!.launches],
    [10, 1, 5],
  );
  assert.deepEqual(phases!.map(({ phase, kernels }) => [phase, kernels]), [
    ["prefill", 4],
    ["decode", 10],
  ]);
  assert.ok(timeline!.slices.every(({ launched_ns }) => launched_ns !== undefined));
});
