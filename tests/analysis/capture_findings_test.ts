/** What is said of a capture, and that nothing is said without evidence. */

import assert from "node:assert/strict";
import { analyzed } from "./torch/analyzed.ts";
import { call, kernel, type Made, operator, range, traceText } from "./torch/kineto.ts";

/** Kernels one after another; `gap` nanoseconds pass before each launch. */
function busy(count: number, gap: number, name: (place: number) => string): Made[] {
  return Array.from({ length: count }, (_, place) => {
    const start = place * (1000 + gap);
    return [
      kernel(name(place), start, 1000, { correlation: place + 1 }),
      call("cudaLaunchKernel", start - (gap > 0 ? 200 : -1) * (place > 0 ? 1 : 0), 50, place + 1),
    ];
  }).flat();
}

const titles = async (events: readonly Made[]) =>
  (await analyzed([traceText(events)])).findings.map(({ title }) => title);

const WAITS = "The GPU waits for the host to launch kernels";
const IDLE = "The GPU is idle for a large part of the time";
const UNKNOWN = "Many kernels are of no known kind";
const GRAPHS = "Few kernels are replayed from CUDA graphs";

Deno.test("a GPU that waits for launches is told, with what it costs", async () => {
  const late = await analyzed([traceText(busy(300, 1000, () => "some_gemm"))]);
  const found = new Map(late.findings.map((finding) => [finding.title, finding]));
  assert.match(found.get(WAITS)!.evidence, /^49\.9 % of the time; 300 of 300 launches/);
  assert.match(found.get(IDLE)!.evidence, /the host/);
  assert.ok(found.has(GRAPHS));
  assert.ok(!found.has(UNKNOWN));
});

Deno.test("a busy GPU, few kernels or none make no such finding", async () => {
  const calm = await titles(busy(300, 0, () => "some_gemm"));
  assert.ok(!calm.includes(WAITS) && !calm.includes(IDLE));
  const few = await titles(busy(20, 1000, () => "some_gemm"));
  assert.ok(![WAITS, IDLE, GRAPHS].some((title) => few.includes(title)));
  assert.deepEqual(await titles([operator("aten::mm", 0, 5, 1), range("x", 0, 9)]), [
    "The trace holds no GPU kernel",
  ]);
});

Deno.test("kernels of no known kind are told from a share on", async () => {
  const share = (unknown: number) =>
    titles(busy(100, 0, (place) => place < unknown ? "mystery" : "some_gemm"));
  assert.ok(!(await share(5)).includes(UNKNOWN));
  assert.ok((await share(6)).includes(UNKNOWN));
});
