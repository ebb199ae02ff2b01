/** A window of a trace as a trace. */

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { analyzeCapture, trimCapture } from "../../../kit/analysis/capture/analyze.ts";
import { UsageError } from "../../../kit/contract/errors.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { call, kernel, type Made, operator, range, traceText } from "./kineto.ts";

/** Five decode steps; each launches two kernels, which still run when the next step begins. */
const EVENTS: Made[] = [0, 1, 2, 3, 4].flatMap((step) => {
  const at = step * 100_000;
  return [
    range("execute_context_0(0)_generation_4(4)", at, 60_000),
    operator("aten::mm", at + 1000, 5000, step + 1),
    kernel(`first_${step}`, at + 50_000, 30_000, { correlation: 2 * step + 1 }),
    kernel(`second_${step}`, at + 80_000, 30_000, { correlation: 2 * step + 2 }),
    call("cudaLaunchKernel", at + 2000, 1000, 2 * step + 1),
    call("cudaLaunchKernel", at + 4000, 1000, 2 * step + 2),
  ];
});

const BESIDE = { schemaVersion: 1, baseTimeNanoseconds: 0, vllm_version: "0.32.0" };
const TEXT = traceText(EVENTS, BESIDE)
  .replace('"baseTimeNanoseconds": 0', '"baseTimeNanoseconds": 1780000000123456789');

async function withTrace(use: (path: string, dir: string) => Promise<void>): Promise<void> {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/all.json`, TEXT);
    await use(`${dir}/all.json`, dir);
  });
}

Deno.test("a window holds its steps, all that they launched, and what ran beside it", async () => {
  await withTrace(async (path, dir) => {
    const out = `${dir}/part.json.gz`;
    const made = await trimCapture(Deno, path, { unit: "iteration", from: 1, to: 2 }, out);
    assert.equal(made.from_ns, 100_000);
    assert.equal(made.to_ns, 310_000);
    const text = gunzipSync(await Deno.readFile(out)).toString();
    const names = JSON.parse(text).traceEvents.filter(({ cat }: Made) => cat === "kernel")
      .map(({ name }: Made) => name);
    assert.deepEqual(names, ["second_0", "first_1", "second_1", "first_2", "second_2"]);
    assert.equal((await Deno.stat(out)).size, made.bytes);
    // Numbers beside the events keep all their digits.
    assert.match(text, /"baseTimeNanoseconds": 1780000000123456789/);
    assert.match(text, /"process_name"/);
    const found = await analyzeCapture(Deno, [out]);
    assert.equal(found.environment!.vllm_version, "0.32.0");
    const whole = await analyzeCapture(Deno, [path]);
    const [before, after] = [whole, found].map(({ kernels }) =>
      kernels!.find(({ name }) => name === "first_2")
    );
    assert.deepEqual(after, before);
    assert.deepEqual(await namesIn(dir), ["all.json", "part.json.gz"]);
  });
});

Deno.test("a window of seconds counts from the first event", async () => {
  await withTrace(async (path, dir) => {
    const out = `${dir}/part.json`;
    await trimCapture(Deno, path, { unit: "seconds", from: 0, to: 0.000_05 }, out);
    const { kernels, iterations } = await analyzeCapture(Deno, [out]);
    assert.deepEqual(kernels!.map(({ name }) => name), ["first_0"]);
    assert.equal(iterations!.count, 1);
  });
});

Deno.test("a window that the trace does not have is refused, and nothing is left", async () => {
  await withTrace(async (path, dir) => {
    const cut = (unit: "iteration" | "seconds", from: number, to: number) =>
      trimCapture(Deno, path, { unit, from, to }, `${dir}/part.json`);
    await assert.rejects(
      cut("iteration", 3, 5),
      (error) => error instanceof UsageError && /has the iterations 0 to 4$/.test(error.message),
    );
    await assert.rejects(cut("seconds", 9, 10), /the trace is 0\.001 s long/);
    assert.deepEqual(await namesIn(dir), ["all.json"]);
  });
});
