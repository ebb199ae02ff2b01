/** A file is worked out while it is read: what that gives is what reading all of it first gives. */

import assert from "node:assert/strict";
import { readRank } from "../../../kit/analysis/torch/read_rank.ts";
import { TraceEvent } from "../../../kit/analysis/torch/event.ts";
import { kernelClassifier } from "../../../kit/analysis/kernels/classify.ts";
import { Tables } from "../../../kit/analysis/activity/tables.ts";
import { summarize } from "../../../kit/analysis/torch/rank_summary.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";
import { call, directTotals, kernel, type Made, range, traceText } from "./kineto.ts";

/** What a file tells when so many activities may be open at a time. */
async function told(events: readonly Made[], mostOpen: number) {
  return await inFolder(async (dir) => {
    const path = `${dir}/rank0.json`;
    await Deno.writeTextFile(path, traceText(events));
    const tables = new Tables(await kernelClassifier());
    const event = new TraceEvent(tables.names);
    const { result, end } = await readRank(Deno, path, tables, event, {}, mostOpen);
    const { swept, phases, paths, stepKernels, stepTime, stepEnd } = result;
    const { environment: _same, result: _result, ...summary } = summarize(
      tables,
      0,
      "rank0.json",
      end.beside,
      result,
    );
    const { waiting, launches, launchesOnIdle, graphKernels, graphTime } = swept;
    return {
      ...summary,
      gaps: summary.gaps.toSorted((a, b) => a.start_ns - b.start_ns || a.device - b.device),
      sums: { waiting, launches, launchesOnIdle, graphKernels, graphTime },
      phases: new Map([...phases].map(([name, sums]) => [name, new Map(sums)])),
      paths: [...paths.values()].map(({ count, total }) => [count, total]).sort(),
      steps: [[...stepKernels], [...stepTime], [...stepEnd]],
      kernels: [...tables.kernels.entries()].map(([, { count, total }]) => [count, total]),
    };
  });
}

Deno.test("a window over the activities changes no figure, whatever the file's order", async () => {
  const made = fc.array(
    fc.record({
      kind: fc.constantFrom("kernel", "kernel", "call", "graph", "step", "copy"),
      start: fc.nat(2000),
      jitter: fc.nat(60),
      duration: fc.nat(60),
      device: fc.nat(1),
      stream: fc.nat(2),
      correlation: fc.nat(30),
    }),
    { minLength: 1, maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(
      made,
      fc.boolean(),
      fc.integer({ min: 1, max: 12 }),
      async (made, sorted, most) => {
        // Times of one device and stream differ: with ties the order of the file decides.
        const placed = made.map((one, place) => ({ ...one, start: one.start * 64 + place }));
        const order = sorted
          ? placed.sort((a, b) => a.start - b.start + a.jitter - b.jitter)
          : placed;
        const events = order.map(({ kind, start, duration, device, stream, correlation }): Made => {
          if (kind === "call") return call("cudaLaunchKernel", start, 5, correlation);
          if (kind === "graph") return call("cudaGraphLaunch", start, 5, 100 + correlation);
          if (kind === "step") return range("execute_context_0(0)_generation_1(1)", start, 50);
          const one = kernel(`k${duration % 5}_gemm`, start, duration * 64, {
            device,
            stream,
            correlation: correlation + 100 * (duration % 2),
          });
          return kind === "copy"
            ? { ...one, cat: "gpu_memcpy", name: "Memcpy HtoD (a -> b)" }
            : one;
        });
        const whole = await told(events, Infinity);
        const windowed = await told(events, most);
        assert.deepEqual(windowed, whole);
        const kernels = events.filter(({ cat }) => cat === "kernel");
        const busy = whole.devices.reduce((sum, { busy_time_ns }) => sum + busy_time_ns, 0);
        if (kernels.length > 0) assert.equal(busy, directTotals(events).busy_time_ns);
      },
    ),
    { numRuns: 300 },
  );
});
