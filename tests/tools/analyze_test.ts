/** `vscope analyze` of traces, as typed. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { rawPage } from "../analysis/ncu/table.ts";
import { kernel, range, traceText } from "../analysis/torch/kineto.ts";
import { recorded } from "../analysis/nsys/analyzed.ts";
import { vscopeHere } from "../cli.ts";
import { inFolder } from "../folders.ts";

const TEXT = traceText([
  range("execute_context_0(0)_generation_4(4)", 0, 900),
  kernel("some_gemm", 100, 500),
  kernel("rms_norm", 700, 100),
]);

Deno.test("analyze prints tables, JSON, CSV and windows of a trace", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/rank0.pt.trace.json`;
    await Deno.writeTextFile(path, TEXT);
    const [text, json, csv, folder, compared, window] = await Promise.all([
      vscopeHere(["analyze", path]),
      vscopeHere(["analyze", path, "--json"]),
      vscopeHere(["analyze", path, "--csv", "categories"]),
      vscopeHere(["analyze", dir, "--json"]),
      vscopeHere(["analyze", "--compare", path, path, "--json"]),
      vscopeHere([
        "analyze",
        path,
        "--window",
        "iteration:0",
        "--out",
        `${dir}/part.json`,
        "--json",
      ]),
    ]);
    assert.match(text.stdout, /some_gemm[^\n]* ffn[^\n]* 0\.001/);
    assert.equal(JSON.parse(json.stdout).gpu.kernel_time_ns, 600);
    assert.match(csv.stdout, /^category,count,total_ns,share\nffn,1,500,0\.83/);
    assert.equal(JSON.parse(folder.stdout).sources[0].path, path);
    assert.equal(JSON.parse(compared.stdout).kernels[0].ratio, 1);
    assert.equal(JSON.parse(window.stdout).kind, "trimmed");
    for (const { code, stderr } of [text, json, csv, folder, compared, window]) {
      assert.deepEqual([code, stderr], [0, ""]);
    }
  });
});

Deno.test("analyze prints tables, JSON, CSV and a comparison of logs and of ncu's CSVs", async () => {
  const log = fileURLToPath(
    new URL("../analysis/vllm_log/fixtures/vllm-0.32.0.log", import.meta.url),
  );
  await inFolder(async (dir) => {
    const page = `${dir}/raw.csv`;
    const figures = { "gpu__time_duration.sum": ["us", "12.50"] as const };
    await Deno.writeTextFile(page, rawPage([{ name: "some_gemm", figures }]));
    const [logText, logCsv, logs, ncuText, ncuCsv, pages, json] = await Promise.all([
      vscopeHere(["analyze", log]),
      vscopeHere(["analyze", log, "--csv", "iteration_rows"]),
      vscopeHere(["analyze", "--compare", log, log]),
      vscopeHere(["analyze", page]),
      vscopeHere(["analyze", page, "--csv", "ncu_kernels"]),
      vscopeHere(["analyze", "--compare", page, page, "--json"]),
      vscopeHere(["analyze", page, "--json"]),
    ]);
    assert.match(logText.stdout, /Iterations: 72 \(7 prefill, 62 decode, 3 mixed, 0 idle\)/);
    assert.match(logText.stdout, /Requests: 13; 2 aborted, 0 failed, 11 whose end is not logged/);
    assert.equal(logCsv.stdout.trim().split("\n").length, 73);
    assert.match(logs.stdout, /decode_p50_ms[^\n]* 1\.000/);
    assert.match(ncuText.stdout, /1 launches of 1 kernels/);
    assert.match(ncuText.stdout, /some_gemm[^\n]* 0\.013/);
    assert.match(ncuCsv.stdout, /^name,category,id,process_id,[^\n]*\nsome_gemm,ffn,0,/);
    assert.equal(JSON.parse(pages.stdout).kernels[0].ratio, 1);
    assert.equal(JSON.parse(json.stdout).ncu_kernels[0].duration_ns, 12_500);
    for (const { code, stderr } of [logText, logCsv, logs, ncuText, ncuCsv, pages, json]) {
      assert.deepEqual([code, stderr], [0, ""]);
    }
    const both = await vscopeHere(["analyze", log, page]);
    assert.equal(both.code, 2);
    assert.match(both.stderr, /Cannot analyze these files together/);
  });
});

Deno.test("analyze refuses what makes no sense in one sentence with exit code 2", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/a.json`;
    await Deno.writeTextFile(path, TEXT);
    await Deno.writeTextFile(`${dir}/b.json`, '{"b": 1}');
    await Deno.mkdir(`${dir}/empty`);
    await Deno.mkdir(`${dir}/metal`);
    const manifest = { schema_version: 1, recipe: "metal", status: "complete" };
    await Deno.writeTextFile(`${dir}/metal/bundle.json`, JSON.stringify(manifest));
    const cases: [string[], RegExp][] = [
      [[`${dir}/nothing`], /there is no such file or folder$/],
      [[`${dir}/empty`], /the folder holds neither a session nor captures; give the folder of/],
      [[`${dir}/metal`], /this bundle of metal holds no capture that this vscope reads;/],
      [[`${dir}/b.json`], /it is no capture that this vscope reads \(an nsys export/],
      [["--compare", path], /^vscope: Cannot compare 1 captures: give two$/],
      [[path, "--csv", "kernel"], /^vscope: Cannot print the table "kernel"/],
      [[path, "--csv", "kernels", "--json"], /are two formats; give one/],
      [[path, "--out", "x"], /--out is for --csv and --window/],
      [[path, "--window", "iteration:3..1", "--out", "x"], /^vscope: Cannot cut the window/],
      [[path, "--window", "iteration:1.5", "--out", "x"], /give iteration:10\.\.12/],
      [[path, "--window", "iteration:0"], /give --out FILE/],
      [[path, "--window", "iteration:0", "--out", path], /cannot be written over/],
      [["-", "--window", "iteration:0", "--out", "x"], /cannot be standard input/],
    ];
    const results = await Promise.all(cases.map(([args]) => vscopeHere(["analyze", ...args])));
    for (const [place, { code, stderr, stdout }] of results.entries()) {
      assert.match(stderr.trim(), cases[place]![1]);
      assert.deepEqual([code, stderr.trim().split("\n").length], [2, 1]);
      // With --json the error is the document.
      if (stdout !== "") assert.equal(JSON.parse(stdout).error.exit_code, 2);
    }
  });
});

Deno.test("analyze prints an nsys export under the columns of nsys stats, and any table as CSV", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/rep.sqlite`;
    await Deno.writeFile(path, await recorded("small"));
    const [text, json, csv, ways, folder, compared, window] = await Promise.all([
      vscopeHere(["analyze", path]),
      vscopeHere(["analyze", path, "--json"]),
      vscopeHere(["analyze", path, "--csv", "kernels"]),
      vscopeHere(["analyze", path, "--csv", "launch_configurations"]),
      vscopeHere(["analyze", dir, "--json"]),
      vscopeHere(["analyze", "--compare", path, path, "--json"]),
      vscopeHere(["analyze", path, "--window", "iteration:0", "--out", `${dir}/part`]),
    ]);
    assert.match(
      text.stdout,
      / \*\* CUDA GPU Kernel Summary \(cuda_gpu_kern_sum\):\n\n +Time \(%\) +Total Time \(ns\) +Instances +Avg \(ns\) +Med \(ns\) +Min \(ns\) +Max \(ns\) +StdDev \(ns\) +Name\n/,
    );
    assert.match(text.stdout, / +[\d.]+ +[\d,]+ +5 +[\d,.]+ .*cudaGraphLaunch_v10000\n/);
    assert.match(text.stdout, /PushPop +execute_context_1\(128\)_generation_0\(0\)\n/);
    const document = JSON.parse(json.stdout);
    assert.deepEqual([document.kind, document.gpu.kernel_count], ["nsys", 14]);
    for (const name of Object.keys(document).filter((name) => Array.isArray(document[name]))) {
      const { code, stdout } = await vscopeHere(["analyze", path, "--csv", name]);
      assert.equal(code, 0, name);
      if (document[name].length > 0) assert.ok(stdout.includes(Object.keys(document[name][0])[0]!));
    }
    assert.match(
      csv.stdout,
      /^name,category,count,total_ns,avg_ns,median_ns,min_ns,max_ns,stddev_ns,/,
    );
    assert.match(
      ways.stdout,
      /^name,category,grid,block,registers_per_thread,static_shared_bytes,/,
    );
    assert.match(ways.stdout, /,1056 1 1,256 1 1,44,0,0,/);
    assert.equal(JSON.parse(folder.stdout).sources[0].path, path);
    assert.equal(JSON.parse(compared.stdout).compared, "nsys");
    assert.deepEqual([window.code, window.stdout], [2, ""]);
    assert.match(
      window.stderr,
      /it is an nsys export \(\.sqlite\), and windows are cut out of torch/,
    );
  });
});
