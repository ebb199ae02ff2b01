/**
 * Real kernels of vLLM 0.26 on an H200: the page `raw`, which is read, against the page `details`,
 * where Nsight Compute itself prints the same launches for people.
 */

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { NcuKernelRow } from "../../../kit/analysis/capture/ncu_model.ts";
import { loadCsv } from "../../../kit/deps.ts";
import { analyzedCsv } from "./table.ts";

async function page(name: string): Promise<string> {
  const file = new URL(`./recorded/${name}.csv.gz`, import.meta.url);
  return new TextDecoder().decode(gunzipSync(await Deno.readFile(file)));
}

/** What one unit of the page `details` is in those of our figures: nanoseconds, GB/s, GHz, bytes. */
const SCALE: Readonly<Record<string, number>> = {
  us: 1e3,
  ms: 1e6,
  "%": 1,
  "Mbyte/s": 1e-3,
  "Gbyte/s": 1,
  "Tbyte/s": 1e3,
  Ghz: 1,
  "register/thread": 1,
  "byte/block": 1,
  "Kbyte/block": 1e3,
};

/** Our figure for one of the page `details`, where its name alone does not tell. */
const FIGURES: readonly (readonly [section: string, metric: string, figure: keyof NcuKernelRow])[] =
  [
    ["GPU Speed Of Light Throughput", "Duration", "duration_ns"],
    ["GPU Speed Of Light Throughput", "DRAM Throughput", "dram_pct"],
    ["GPU Speed Of Light Throughput", "Memory Throughput", "memory_pct"],
    ["GPU Speed Of Light Throughput", "Compute (SM) Throughput", "sm_pct"],
    ["GPU Speed Of Light Throughput", "SM Frequency", "sm_ghz"],
    ["Memory Workload Analysis", "Memory Throughput", "dram_gbps"],
    ["Occupancy", "Achieved Occupancy", "occupancy_pct"],
    ["Occupancy", "Theoretical Occupancy", "theoretical_occupancy_pct"],
    ["Launch Statistics", "Registers Per Thread", "registers_per_thread"],
    ["Launch Statistics", "Static Shared Memory Per Block", "static_shared_bytes"],
    ["Launch Statistics", "Dynamic Shared Memory Per Block", "dynamic_shared_bytes"],
  ];

for (const name of ["dense", "experts"]) {
  Deno.test(`each figure of a recorded launch is the one that ncu prints for it: ${name}`, async () => {
    const { ncu_kernels, partial } = await analyzedCsv(await page(`${name}.raw`));
    assert.equal(partial, undefined);
    const { data: [head, ...rows] } = (await loadCsv()).parse(await page(`${name}.details`), {
      delimiter: ",",
      skipEmptyLines: true,
    });
    const at = (title: string) => head!.indexOf(title);
    let compared = 0;
    for (const row of rows) {
      const section = row[at("Section Name")], metric = row[at("Metric Name")];
      const figure = FIGURES.find(([of, named]) => of === section && named === metric)?.[2];
      if (figure === undefined) continue;
      const own = ncu_kernels![Number(row[at("ID")])]!;
      assert.equal(own.name, row[at("Kernel Name")]);
      const text = row[at("Metric Value")]!.replaceAll(",", "");
      const scale = SCALE[row[at("Metric Unit")]!];
      assert.ok(scale, `${metric} in ${row[at("Metric Unit")]}`);
      // The page cuts off after so many decimals; the page raw has six of Tbyte/s for all launches.
      const last = 10 ** -(text.split(".")[1]?.length ?? 0);
      const raw = figure === "dram_gbps" ? 0.0005 : 0;
      const difference = Math.abs(Number(own[figure]) - scale * Number(text));
      assert.ok(
        difference <= 1.001 * (scale * last + raw),
        `${own.name} ${metric}: ${own[figure]}, and ncu ${text} ${row[at("Metric Unit")]}`,
      );
      compared++;
    }
    assert.equal(compared, 44 * FIGURES.length);
  });

  Deno.test(`hardly a recorded launch is without a category: ${name}`, async () => {
    const { categories } = await analyzedCsv(await page(`${name}.raw`));
    const other = categories!.find(({ category }) => category === "other")!;
    assert.ok(other.share < 0.05, `${other.share}`);
    const named = categories!.map(({ category }) => category);
    assert.ok(named.includes("attention") && named.includes("ffn"));
    assert.equal(named.includes("moe"), name === "experts");
  });
}
