import assert from "node:assert/strict";
import { analyzeCapture } from "../../kit/analysis/capture/analyze.ts";
import { ANALYSIS_NAME } from "../../kit/analysis/capture/stored.ts";
import { generateReport } from "../../kit/report/generate.ts";
import { inFolder } from "../folders.ts";

const HOSTILE = "</script><img src=x onerror=alert(1)>\"'`";

/** A trace of a GPU: four steps of two kernels each, a copy, and a name that is no name. */
function gpuTrace(rank: number): string {
  const events: object[] = [];
  const add = (cat: string, name: string, ts: number, dur: number, args: object, tid = 1) =>
    events.push({ ph: "X", cat, name, pid: cat === "kernel" ? 0 : 9, tid, ts, dur, args });
  for (let step = 0; step < 4; step++) {
    const start = 1000 + 400 * step;
    const name = step === 0
      ? "execute_context_2(64)_generation_0(0)"
      : "execute_context_0(0)_generation_2(2)";
    add("user_annotation", name, start, 300, {});
    for (const [place, kernel] of ["flash_fwd_kernel", HOSTILE].entries()) {
      const correlation = 10 * step + place + 1;
      const at = start + 60 * place;
      add("cuda_runtime", "cudaLaunchKernel", at, 10, { correlation });
      const args = { device: 0, stream: 7, correlation };
      add("kernel", kernel, at + 20, 40 + rank, args, 7);
    }
    const correlation = 10 * step + 9;
    add("cuda_runtime", "cudaMemcpyAsync", start + 200, 10, { correlation });
    add(
      "gpu_memcpy",
      "Memcpy DtoH (Device -> Pageable)",
      start + 220,
      5,
      { device: 0, stream: 7, correlation, bytes: 64 },
      7,
    );
  }
  return JSON.stringify({
    schemaVersion: 1,
    deviceProperties: [{ id: 0, name: "NVIDIA H200" }],
    distributedInfo: { backend: "nccl", rank, world_size: 2 },
    traceEvents: events,
  });
}

const MANIFEST = { schema_version: 1, recipe: "torch", status: "complete", started_at: "x" };

async function pageIn(dir: string, manifest: object): Promise<string> {
  await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(manifest));
  const { path } = await generateReport(Deno, dir);
  const page = await Deno.readTextFile(path);
  // Behind it are the scripts, which speak of NaN and undefined.
  return page.slice(page.indexOf("<main>"), page.indexOf("</main>"));
}

Deno.test("the page of a GPU's trace has the step, kernels, kinds, idle time and ranks; names stay text", async () => {
  await inFolder(async (dir) => {
    const paths = await Promise.all([0, 1].map(async (rank) => {
      const path = `${dir}/rank${rank}.pt.trace.json`;
      await Deno.writeTextFile(path, gpuTrace(rank));
      return path;
    }));
    const analysis = await analyzeCapture(Deno, paths);
    await Deno.writeTextFile(`${dir}/${ANALYSIS_NAME}`, JSON.stringify(analysis));
    const page = await pageIn(dir, {
      ...MANIFEST,
      capture: {
        load: HOSTILE,
        window: { ended: "the load was answered", max_iterations: 0 },
        traces: [{ path: HOSTILE, role: "rank", rank: 0, bytes: 9, whole: false }],
        open_in_perfetto: "traces/rank0.json.gz",
      },
    });
    for (
      const id of [
        "findings",
        "recording",
        "steps",
        "timeline",
        "categories",
        "kernels",
        "idle",
        "transfers",
        "ranks",
        "files",
        "words",
      ]
    ) {
      assert.match(page, new RegExp(`<section id="${id}">`), id);
    }
    assert.doesNotMatch(page, /<img|NaN|undefined|Infinity/);
    assert.match(page, /&#60;img src=x/);
    assert.match(
      page,
      /traces\/rank0\.json\.gz<\/code> in\s+<a href="https:\/\/ui\.perfetto\.dev"/,
    );
    assert.match(page, /Profiling slows inference down/);
    assert.match(page, /flash_fwd_kernel/);
    // Sixteen kernels of two ranks, eight of each name.
    assert.match(page, /<b>16<\/b>/);
  });
});

Deno.test("a torch bundle without analysis, or by another hand, has a page that says so", async () => {
  await inFolder(async (dir) => {
    const page = await pageIn(dir, {
      ...MANIFEST,
      status: "failed",
      notes: [{ severity: "error", message: "No worker left a trace" }],
    });
    assert.match(page, /No worker left a trace/);
    assert.match(page, /No trace can be opened/);
    assert.doesNotMatch(page, /NaN|undefined/);
  });
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/${ANALYSIS_NAME}`, "{}");
    await assert.rejects(pageIn(dir, MANIFEST), /it is no analysis of version 1/);
  });
});

Deno.test("a bundle whose vscope was killed before the analysis is analysed when its page is drawn", async () => {
  await inFolder(async (dir) => {
    await Deno.mkdir(`${dir}/traces`);
    await Deno.writeTextFile(`${dir}/traces/rank0.1.pt.trace.json`, gpuTrace(0));
    const artifact = (path: string) => ({ path, bytes: 9, sha256: "", schema: "application/json" });
    const killed = { ...MANIFEST, status: "interrupted" };
    const page = await pageIn(dir, {
      ...killed,
      artifacts: [
        artifact("traces/rank0.1.pt.trace.json"),
        artifact("traces/h.async_llm.trace.json"),
      ],
    });
    assert.match(page, /flash_fwd_kernel/);
    await Deno.writeTextFile(`${dir}/traces/rank0.1.pt.trace.json`, "{");
    const broken = await pageIn(dir, {
      ...killed,
      artifacts: [artifact("traces/rank0.1.pt.trace.json")],
    });
    assert.match(broken, /The traces could not be read/);
  });
});
