/**
 * Traces of vLLM 0.26 on an H100 (tests/gpu/torch.sh), against a count over their JSON.
 *
 * Those without CUDA graphs are six steps of a longer one, taken out with `analyze --window`.
 */

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";

const FOLDER = new URL("./recorded/", import.meta.url);

interface Kernel {
  name: string;
  start: bigint;
  end: bigint;
}

/** Nanoseconds of a time in microseconds with at most three decimals, as Kineto writes it. */
function nanoseconds(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole) * 1000n + BigInt(fraction.padEnd(3, "0").slice(0, 3));
}

/** Kernels with their times as text: a float has not the digits of a date in nanoseconds. */
async function kernelsOf(path: URL): Promise<Kernel[]> {
  const text = gunzipSync(await Deno.readFile(path)).toString();
  const quoted = text.replace(/"(ts|dur)":\s*(\d+(?:\.\d+)?)/g, '"$1":"$2"');
  return JSON.parse(quoted).traceEvents
    .filter(({ ph, cat }: { ph: string; cat: string }) => ph === "X" && cat === "kernel")
    .map(({ name, ts, dur }: { name: string; ts: string; dur: string }) => {
      const start = nanoseconds(ts);
      return { name, start, end: start + nanoseconds(dur) };
    });
}

/** Length of the union of the kernels' times. */
function busyTime(kernels: readonly Kernel[]): bigint {
  let [total, until] = [0n, 0n];
  for (const { start, end } of kernels.toSorted((a, b) => a.start < b.start ? -1 : 1)) {
    if (end > until) total += end - (start > until ? start : until);
    if (end > until) until = end;
  }
  return total;
}

const recorded: Record<
  string,
  { prefill: number; decode: number; mixed: number; graphs: boolean }
> = {
  dense_graphs: { prefill: 1, decode: 31, mixed: 2, graphs: true },
  dense_eager: { prefill: 0, decode: 5, mixed: 1, graphs: false },
  experts_graphs: { prefill: 1, decode: 31, mixed: 2, graphs: true },
  experts_eager: { prefill: 0, decode: 5, mixed: 1, graphs: false },
};

for (const [name, expected] of Object.entries(recorded)) {
  Deno.test(`${name}: kernels, times and steps are those of the trace, and nearly all have a category`, async () => {
    const path = new URL(`${name}.json.gz`, FOLDER);
    const kernels = await kernelsOf(path);
    const analysis = await analyzeCapture(Deno, [path.pathname]);
    const total = kernels.reduce((sum, { start, end }) => sum + end - start, 0n);
    assert.ok(kernels.length > 900, `${kernels.length} kernels`);
    assert.deepEqual(
      [analysis.gpu?.kernel_count, analysis.gpu?.kernel_time_ns, analysis.gpu?.busy_time_ns],
      [kernels.length, Number(total), Number(busyTime(kernels))],
    );
    for (const { name, count } of analysis.kernels ?? []) {
      assert.equal(count, kernels.filter((kernel) => kernel.name === name).length, name);
    }
    const { prefill, decode, mixed } = analysis.iterations!;
    assert.deepEqual([prefill, decode, mixed], [expected.prefill, expected.decode, expected.mixed]);
    assert.equal((analysis.cuda_graphs?.coverage ?? 0) > 0.8, expected.graphs);
    const other = analysis.categories?.find(({ category }) => category === "other");
    assert.ok((other?.share ?? 0) < 0.05, `${other?.share} is other`);
    assert.equal(analysis.partial, undefined);
  });
}
