/**
 * Compares what Nsight Compute counted in known steps with what we compute for them.
 *
 * usage: deno run --allow-read tests/gpu/compare_step.ts FOLDER…     each made by count_step.sh
 *
 * @module
 */

import { readCsv } from "../../kit/bundle/files/csv_file.ts";
import { readModelShape } from "../../kit/analysis/utilization/model_shape.ts";
import { type Step, stepCost } from "../../kit/analysis/utilization/step_cost.ts";
import { say } from "../dev/run.ts";

/** Operations that one count of a metric stands for; bytes have no entry. */
const OPERATIONS: Readonly<Record<string, number>> = {
  "sm__ops_path_tensor_src_bf16_dst_fp32.sum": 1,
  "sm__ops_path_tensor_src_fp16.sum": 1,
  "smsp__sass_thread_inst_executed_op_ffma_pred_on.sum": 2,
  "smsp__sass_thread_inst_executed_op_fmul_pred_on.sum": 1,
  "smsp__sass_thread_inst_executed_op_fadd_pred_on.sum": 1,
};

const SCALE: Readonly<Record<string, number>> = {
  "": 1,
  byte: 1,
  Kbyte: 1e3,
  Mbyte: 1e6,
  Gbyte: 1e9,
  inst: 1,
};

interface Counted {
  kernels: number;
  tensorFlops: number;
  flops: number;
  bytes: number;
}

/** Sums per step; `ends` are the numbers of kernels that had run when each step was done. */
async function countedIn(path: string, ends: readonly number[]): Promise<Counted[]> {
  const stream = await readCsv(Deno, path);
  if (!stream) throw new Error(`${path} is missing or empty`);
  const found = ends.map(() => ({ kernels: 0, tensorFlops: 0, flops: 0, bytes: 0 }));
  let kernels = 0;
  let units: string[] | undefined;
  for await (const batch of stream.batches) {
    for (const row of batch) {
      // The row below the header holds the units.
      if (!units) {
        units = row;
        continue;
      }
      kernels++;
      const sum = found[ends.findIndex((end) => kernels <= end)];
      if (!sum) throw new Error(`${path} has more kernels than the steps had`);
      sum.kernels++;
      for (const [place, name] of stream.header.entries()) {
        const value = Number(row[place]!.replaceAll(",", "")) * (SCALE[units[place]!] ?? NaN);
        if (name.startsWith("dram__bytes")) sum.bytes += value;
        const operations = OPERATIONS[name];
        if (operations === undefined) continue;
        sum.flops += operations * value;
        if (name.startsWith("sm__ops_path_tensor")) sum.tensorFlops += value;
      }
    }
  }
  return found;
}

for (const folder of Deno.args) {
  const lines = (await Deno.readTextFile(`${folder}/steps.txt`)).split("\n");
  const documents = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) =>
      JSON.parse(line.slice(word.length + 1))
    );
  const shape = readModelShape(documents("CONFIG")[0]);
  if (!shape) throw new Error(`${folder}: no shape for this model`);
  const counted = await countedIn(`${folder}/step.csv`, documents("KERNELS"));
  for (const [place, step] of (documents("STEP") as (Step & { name: string })[]).entries()) {
    const computed = stepCost(shape, step, { weightBytes: 2, activationBytes: 2, kvBytes: 2 });
    const seen = counted[place];
    if (!seen?.kernels) throw new Error(`${folder}: no kernel in the step ${step.name}`);
    const against = (ours: number, theirs: number) =>
      `${ours.toExponential(3)} computed, ${theirs.toExponential(3)} counted (${
        (100 * (ours / theirs - 1)).toFixed(1)
      } %)`;
    await say(
      `${folder} ${step.name}: ${seen.kernels} kernels\n` +
        `  operations  ${against(computed.flops, seen.flops)}\n` +
        `  on tensor cores  ${against(computed.flops, seen.tensorFlops)}\n` +
        `  bytes  ${against(computed.bytes, seen.bytes)}`,
    );
  }
}
