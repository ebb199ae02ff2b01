/** Bundles of every kind are read, compared with themselves, and with another one. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Manifest } from "../../kit/bundle/manifest.ts";
import { diffBundles } from "../../kit/compare/diff.ts";
import type { ComparedBundle } from "../../kit/compare/figure.ts";
import { readCompared } from "../../kit/compare/read_bundle.ts";
import { analyzedCsv, rawPage } from "../analysis/ncu/table.ts";
import { kernel, range, traceText } from "../analysis/torch/kineto.ts";
import { inFolder } from "../folders.ts";
import { writeSweep } from "../sweep/made.ts";
import { manifest, writeSession } from "./made.ts";

const RECORDED = (name: string) =>
  fileURLToPath(new URL(`../../perf/examples/${name}`, import.meta.url));

function valueOf({ figures }: ComparedBundle, metric: string): number {
  const found = figures.find((one) => one.metric === metric);
  assert.ok(found, `${metric} is not among ${figures.map((one) => one.metric).join(", ")}`);
  return found.value;
}

function isItself(bundle: ComparedBundle): void {
  const metrics = [...bundle.figures, ...bundle.matched].map(({ metric }) => metric);
  assert.equal(new Set(metrics).size, metrics.length, "a metric is there twice");
  assert.ok(metrics.every((metric) => metric.indexOf(".") > 0));
  const { differences, changed } = diffBundles([bundle], [bundle], 0.95);
  assert.deepEqual([differences, changed], [[], 0]);
}

async function writeBundle(
  dir: string,
  parts: Partial<Manifest>,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  await Deno.mkdir(dir, { recursive: true });
  await Deno.writeTextFile(`${dir}/bundle.json`, JSON.stringify(manifest(parts)));
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(`${dir}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${dir}/${name}`, text);
  }
  return dir;
}

Deno.test("a session that was recorded on a GPU has the figures of its own summaries", async () => {
  await inFolder(async (dir) => {
    // It is copied, because reading closes what was left open.
    for (const name of ["session", "moe"]) await copy(RECORDED(name), `${dir}/${name}`);
    const session = await readCompared(Deno, `${dir}/session`);
    const summary = JSON.parse(await Deno.readTextFile(`${dir}/session/session_summary.json`));
    const near = (one: number, other: number) =>
      assert.ok(Math.abs(one - other) < 0.002 * other, `${one} and ${other}`);
    for (const name of ["ttft_ms", "e2e_ms", "queue_ms", "tpot_ms"]) {
      near(valueOf(session, `requests.${name}.p50`), summary.requests[name].p50_ms);
      near(valueOf(session, `requests.${name}.mean`), summary.requests[name].mean_ms);
    }
    isItself(session);
    const moe = await readCompared(Deno, `${dir}/moe`);
    isItself(moe);
    assert.ok(valueOf(moe, "experts.most_over_mean.mean") > 1);
    const { differences } = diffBundles([session], [moe], 0.95);
    // What was recorded is told before anything else.
    assert.deepEqual(differences.slice(0, 2).map(({ subject }) => subject), ["recipe", "model"]);
  });
});

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

Deno.test("a session's rate counts the time with a request, and steps are by phase", async () => {
  await inFolder(async (dir) => {
    const [a, b] = await Promise.all([
      writeSession(`${dir}/a`, { stepMs: 5, seed: 1 }),
      writeSession(`${dir}/b`, {
        stepMs: 7,
        seed: 2,
        manifest: {
          command: ["vllm", "serve", "some/model", "--max-num-seqs=16", "--port", "8001"],
          versions: { vscope: "0.1.0", deno: "2", vllm: "0.32.0", driver: "580.1" },
          devices: [{ kind: "gpu", name: "NVIDIA H200" }],
        },
      }),
    ]);
    const [one, other] = await Promise.all([a, b].map((path) => readCompared(Deno, path)));
    const rate = valueOf(one!, "throughput.tokens_per_s");
    // 88 to 104 prompt tokens and 36 generated ones take a prefill of 15 ms and nine steps of 5 ms.
    assert.ok(rate > 1900 && rate < 2300, `${rate}`);
    assert.ok(Math.abs(valueOf(one!, "steps.decode_ms.p50") - 5) < 0.2);
    const { differences, tables } = diffBundles([one!], [other!], 0.95);
    assert.deepEqual(differences.map(({ subject, a, b }) => [subject, a, b]), [
      ["vllm", ["0.26.0"], ["0.32.0"]],
      ["hardware", ["NVIDIA H100 80GB HBM3"], ["NVIDIA H200"]],
      ["flags", ["8"], ["16"]],
    ]);
    const steps = tables.find(({ table }) => table === "steps")!.figures;
    const decode = steps.find(({ metric }) => metric === "steps.decode_ms.p50")!;
    assert.equal(decode.verdict, "worse");
    assert.ok(decode.interval![0] > 1.3 && decode.interval![1] < 1.5, `${decode.interval}`);
  });
});

Deno.test("captures are compared by their steps, kernels and totals", async () => {
  await inFolder(async (dir) => {
    const trace = (slower: number, name = "some_gemm") =>
      traceText([0, 1, 2].flatMap((step) => [
        range("execute_context_0(0)_generation_4(4)", step * 2000, 900 * slower),
        kernel(name, step * 2000 + 100, 500 * slower),
        kernel("rms_norm", step * 2000 + 700 * slower, 100 + step),
      ]));
    const write = async (name: string, text: string) => {
      const path = "traces/rank0.pt.trace.json";
      const artifacts = [{ path, bytes: text.length, sha256: "", schema: "" }];
      return await readCompared(
        Deno,
        await writeBundle(`${dir}/${name}`, { recipe: "torch", artifacts }, { [path]: text }),
      );
    };
    const [a, b, c] = [
      await write("a", trace(1)),
      await write("b", trace(1.5)),
      await write("c", trace(1, "other_gemm")),
    ];
    isItself(a);
    assert.equal(valueOf(a, "kernels.some_gemm.avg_ns"), 500);
    const figures = diffBundles([a], [b], 0.95).tables.flatMap((table) => table.figures);
    const gemm = figures.find(({ metric }) => metric === "kernels.some_gemm.avg_ns")!;
    assert.deepEqual([gemm.verdict, gemm.change.toFixed(3)], ["worse", "1.500"]);
    const { not_compared } = diffBundles([a], [c], 0.95);
    const only = not_compared.filter(({ what }) => what === "kernels");
    assert.deepEqual(only.map(({ reason }) => reason), ["only in A", "only in B"]);
    const ncu = await readCompared(
      Deno,
      await writeBundle(`${dir}/n`, { recipe: "ncu" }, {
        "analysis.json": JSON.stringify(
          await analyzedCsv(rawPage([
            {
              name: "some_gemm",
              figures: {
                "gpu__time_duration.sum": ["us", "12.50"],
                "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed": ["%", "83.50"],
              },
            },
          ])),
        ),
      }),
    );
    isItself(ncu);
    assert.equal(valueOf(ncu, "kernels.some_gemm.avg_ns"), 12_500);
    assert.equal(valueOf(ncu, "ncu.ffn.dram_pct"), 83.5);
  });
});

Deno.test("a sweep is compared row by row, whoever made it", async () => {
  await inFolder(async (dir) => {
    const a = await readCompared(Deno, await writeSweep(`${dir}/a`));
    isItself(a);
    await writeSweep(`${dir}/b`);
    const path = `${dir}/b/tp1/attention.csv`;
    const [header, ...lines] = (await Deno.readTextFile(path)).trimEnd().split("\n");
    const slower = lines.slice(2).map((line) => {
      const at = line.lastIndexOf(",");
      return `${line.slice(0, at)},${2 * Number(line.slice(at + 1))}`;
    });
    await Deno.writeTextFile(path, [header, ...slower].join("\n") + "\n");
    const meta = await Deno.readTextFile(`${dir}/b/meta.yaml`);
    await Deno.writeTextFile(`${dir}/b/meta.yaml`, meta.replace(/^gpu: .*$/m, "gpu: Another GPU"));
    const { differences, tables, not_compared } = diffBundles(
      [a],
      [await readCompared(Deno, `${dir}/b`)],
      0.95,
    );
    assert.deepEqual(differences.map(({ name, b }) => [name, b]), [["gpu", ["Another GPU"]]]);
    const [total] = tables.flatMap(({ figures }) => figures)
      .filter(({ metric }) => metric === "attention.time_us");
    assert.ok(Math.abs(total!.change - 2) < 1e-9);
    assert.equal(total!.rows, lines.length - 2);
    assert.deepEqual(not_compared.slice(0, 1), [{
      what: "attention.time_us",
      reason: `2 rows of A and 0 of B are not in all bundles, ${lines.length - 2} are`,
    }]);
  });
});

Deno.test("an automation is compared by the bundles within it, and what it lacks is told", async () => {
  await inFolder(async (dir) => {
    const write = async (name: string, stepMs: number) => {
      await writeSession(`${dir}/${name}/moe`, { stepMs, seed: 3 });
      return await readCompared(
        Deno,
        await writeBundle(`${dir}/${name}`, {
          recipe: "full",
          stages: [
            { name: "moe", title: "experts", status: "complete", seconds: 60, bundle: "moe" },
            { name: "ncu", title: "kernels", status: "skipped", reason: "no ncu" },
          ],
        }),
      );
    };
    const [a, b] = [await write("a", 5), await write("b", 9)];
    isItself(a);
    assert.deepEqual(a.leftOut.slice(0, 1), ["stage ncu: skipped, no ncu"]);
    const figures = diffBundles([a], [b], 0.95).tables.flatMap((table) => table.figures);
    const step = figures.find(({ metric }) => metric === "moe/steps.decode_ms.p50")!;
    assert.equal(step.verdict, "worse");
  });
});

Deno.test("recordings of a Mac are compared by what their records tell", async () => {
  await inFolder(async (dir) => {
    const xctrace = (busy: number) =>
      JSON.stringify({
        schema_version: 1,
        contents: {},
        seconds: 10,
        gpu: {
          busy_pct: busy,
          processes: [{ process: "python3 (42)", busy_seconds: 1, busy_pct: busy }],
        },
        thermal: { states: [], worst: busy > 50 ? "Serious" : "Nominal" },
        tables: [{ table: "time-profile", rows: 0, note: "was not there" }],
      });
    const write = async (name: string, busy: number) =>
      await readCompared(
        Deno,
        await writeBundle(`${dir}/${name}`, { recipe: "xctrace" }, {
          "xctrace_summary.json": xctrace(busy),
        }),
      );
    const [a, b] = [await write("a", 40), await write("b", 60)];
    isItself(a);
    const { differences, tables } = diffBundles([a], [b], 0.95);
    assert.deepEqual(differences, [
      { subject: "clocks", name: "thermal", a: ["Nominal"], b: ["Serious"] },
    ]);
    assert.deepEqual(tables.map(({ table }) => table), ["gpu", "gpu_processes"]);
    assert.equal(valueOf(b, "gpu_processes.python3.busy_pct"), 60);

    const capture = (number: number, seconds: number) => ({
      number,
      prefix: "p",
      verified: true,
      request_seconds: seconds,
      completion_tokens: 8,
      traces: [{ path: "t", files: 1, apparent_bytes: 1000 }],
    });
    const metal = await readCompared(
      Deno,
      await writeBundle(`${dir}/m`, { recipe: "metal" }, {
        "metal.json": JSON.stringify({
          schema_version: 1,
          form: "server",
          trace_dir: "/t",
          max_tokens: 8,
          estimate: { basis: [] },
          guards: [],
          captures: [capture(1, 4), capture(2, 6)],
        }),
      }),
    );
    isItself(metal);
    assert.equal(valueOf(metal, "captures.request_s.mean"), 5);
  });
});

Deno.test("what is no bundle, or holds nothing, is refused in one sentence", async () => {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "x");
    await Deno.mkdir(`${dir}/empty`);
    await writeBundle(`${dir}/torch`, { recipe: "torch" });
    await writeBundle(`${dir}/unknown`, { recipe: "watch" });
    await writeBundle(`${dir}/mac`, { recipe: "xctrace" }, { "xctrace_summary.json": "{" });
    const cases: [string, RegExp][] = [
      ["nowhere", /there is no such folder; give the folder of a bundle/],
      ["file", /there is a file, and no folder/],
      ["empty", /holds no bundle\.json and no tp1/],
      ["torch", /holds no analysis and no capture/],
      ["unknown", /a bundle of watch, of which nothing is known/],
      ["mac", /xctrace_summary\.json cannot be read/],
    ];
    for (const [name, message] of cases) {
      await assert.rejects(readCompared(Deno, `${dir}/${name}`), (error: Error) => {
        assert.equal(error.name, "UsageError");
        assert.match(error.message, message);
        return true;
      });
    }
  });
});
