/** Sweeps made up for tests: times by a formula, alphas that are known. */

import { sweepGrids } from "../../kit/sweep/grids/categories.ts";
import type { Density, Limits } from "../../kit/sweep/grids/limits.ts";
import { skewCase } from "../../kit/sweep/grids/skew.ts";
import { fitBundle } from "../../kit/sweep/fit/fit_bundle.ts";
import { findArchitecture } from "../../kit/sweep/model/architecture.ts";
import { pythonFloat, roundDecimals, sixDigits } from "../../kit/sweep/rounding.ts";

/** Limits of a small engine with experts. */
export const SMALL: Limits = {
  maxNumBatchedTokens: 64,
  maxNumSeqs: 8,
  maxModelLen: 4096,
  numCacheTokens: 100_000,
  experts: { count: 8, perToken: 2 },
};

/** A grid of few points. */
export const COARSE: Density = {
  attentionMaxKv: 2048,
  attentionChunkFactor: 2,
  attentionKvFactor: 2,
  moeFactor: 2,
  skewNFactor: 2,
  skewPcFactor: 2,
  skewKpFactor: 2,
  skewKvsFactor: 2,
};

/** The time of attention over a batch, in µs: the longest decode counts by `alpha`. */
function attentionTime(
  chunk: number,
  history: number,
  decodes: number,
  decodeHistory: number,
): number {
  return 5 + chunk * (chunk + history) * 1e-2 + decodes * decodeHistory * 0.01;
}

/** The alpha that every case with this prefill chunk was made with. */
export function alphaOf(pc: number): number {
  return 0.1 + pc / 128;
}

const LAYERS: Readonly<Record<string, number>> = { qkv_proj: 3, o_proj: 2, lm_head: 9 };

/** Writes a sweep that nothing is wrong with, with its fit, and returns its folder. */
export async function writeSweep(dir: string, degrees = [1, 2]): Promise<string> {
  const architecture = await findArchitecture(Deno, dir, "qwen3_moe");
  const grids = sweepGrids(SMALL, COARSE, ["dense", "per_sequence", "attention", "moe", "skew"]);
  for (const tp of degrees) {
    await Deno.mkdir(`${dir}/tp${tp}`, { recursive: true });
    for (const { category: { name, columns }, keys } of grids) {
      if (name === "moe" && tp !== 1) continue;
      const rows: string[] = [];
      let header = [...columns, "time_us"].join(",");
      if (name === "dense" || name === "per_sequence") {
        header = `layer,${header}`;
        const layers = Object.entries(architecture.catalog[name])
          .sort(([one], [other]) => one < other ? -1 : 1);
        for (const [layer, { tpStable }] of layers) {
          for (const [size] of keys) {
            const time = (LAYERS[layer] ?? 1) * (4 + size! / 10) / (tpStable ? 1 : tp);
            rows.push(`${layer},${size},${sixDigits(time)}`);
          }
        }
      } else if (name === "skew") {
        header =
          "regime,n,nb,ratio,skew,pc,kp,kvs,kv_big,kv_mean,t_mean_us,t_max_us,t_skew_us,alpha";
        for (const key of keys) {
          const { n, nb, skew, pc, kp, kvs, kvBig, kvMean } = skewCase(key);
          const mean = attentionTime(pc, kp, n, kvMean);
          const most = attentionTime(pc, kp, n, kvBig);
          const alpha = most - mean > mean * 0.02 ? alphaOf(pc) : undefined;
          const skewed = mean + alphaOf(pc) * (most - mean);
          rows.push([
            pc === 0 ? "pure" : "mixed",
            n,
            nb,
            pythonFloat(roundDecimals(nb / n, 4)),
            pythonFloat(skew),
            pc,
            kp,
            kvs,
            kvBig,
            kvMean,
            ...[mean, most, skewed].map((time) => pythonFloat(roundDecimals(time, 3))),
            alpha === undefined ? "" : pythonFloat(roundDecimals(alpha, 4)),
          ].join(","));
        }
      } else {
        for (const key of keys) {
          const [a, b, c, d] = key as [number, number, number, number];
          const time = name === "moe" ? 20 + a / 8 + b : attentionTime(a, b, c, d);
          rows.push([...key, sixDigits(time)].join(","));
        }
      }
      await Deno.writeTextFile(`${dir}/tp${tp}/${name}.csv`, `${[header, ...rows].join("\n")}\n`);
    }
  }
  await Deno.writeTextFile(`${dir}/meta.yaml`, meta(degrees));
  await fitBundle(Deno, dir, { write: true });
  return dir;
}

function meta(degrees: readonly number[]): string {
  return `# made up
profiler_version: 1.0.0
vllm_version: 0.26.0
gpu: NVIDIA H200
hardware: H200
profiled_at: '2026-08-24T12:35:08+00:00'
architecture: qwen3_moe
architecture_sha256: abc
model: Qwen/Qwen3-30B-A3B-Instruct-2507
variant: bf16
tp_degrees: [${degrees.join(", ")}]
engine_effective:
  max_num_batched_tokens: ${SMALL.maxNumBatchedTokens}
  max_num_seqs: ${SMALL.maxNumSeqs}
attention_grid:
  max_kv: ${COARSE.attentionMaxKv}
  chunk_factor: 2.0
  kv_factor: 2.0
measurement_iterations: 3
skew_profile:
  enabled: true
  factors:
    n: 2.0
    pc: 2.0
    kp: 2.0
    kvs: 2.0
`;
}

/** Changes a file of the sweep. */
export async function edit(path: string, change: (text: string) => string): Promise<void> {
  const before = await Deno.readTextFile(path);
  const after = change(before);
  if (after === before) throw new Error(`nothing changed in ${path}`);
  await Deno.writeTextFile(path, after);
}

/** Changes the lines of a table, without its header. */
export async function editRows(
  path: string,
  change: (rows: string[][]) => string[][],
): Promise<void> {
  await edit(path, (text) => {
    const [header, ...rows] = text.trimEnd().split("\n").map((line) => line.split(","));
    return [header!, ...change(rows)].map((row) => row.join(",")).join("\n") + "\n";
  });
}
