/** Whole sweeps with an engine that costs nothing: what is kept, what is told, what the bundle is. */

import assert from "node:assert/strict";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { lintBundle } from "../../../kit/sweep/lint/lint.ts";
import { readJournal } from "../../../kit/sweep/measure/journal.ts";
import { readMeta } from "../../../kit/sweep/sweep_folder.ts";
import { readTable } from "../../../kit/sweep/table.ts";
import { validateSweep } from "../../../kit/sweep/validate_sweep.ts";
import { ended, startVscope } from "../../cli.ts";
import { until } from "../../engine/processes.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { BUNDLE, column, ONE, OPTIONS, sweep } from "../../sweep/fake_sweep.ts";

Deno.test("a sweep leaves a bundle that validate and lint find nothing in", async () => {
  await inFolder(async (cwd) => {
    const { code, dir, stderr, journal, json } = await sweep(cwd, ["--tp-degrees", "2,1"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(json.notes, []);
    assert.deepEqual(await namesIn(`${dir}/tp1`), [
      ...["attention.csv", "dense.csv", "moe.csv", "per_sequence.csv", "skew.csv", "skew_fit.csv"],
    ]);
    assert.deepEqual(await namesIn(`${dir}/tp2`), [
      ...["attention.csv", "dense.csv", "per_sequence.csv", "skew.csv", "skew_fit.csv"],
    ]);
    assert.deepEqual(await lintBundle(Deno, dir, cwd), []);
    assert.deepEqual(await validateSweep(Deno, dir), []);
    assert.deepEqual(await validateBundle(Deno, dir), []);
    const keys = journal.shots.map(({ tp, k }) => `${tp} ${k}`);
    assert.equal(new Set(keys).size, keys.length, "a shot was fired twice");
    const { values } = (await readMeta(Deno, dir))!;
    const engine = values["engine_effective"] as Record<string, unknown>;
    assert.deepEqual([engine["max_num_batched_tokens"], engine["max_num_seqs"]], [16, 4]);
    assert.deepEqual(values["tp_degrees"], [1, 2]);
    assert.equal(values["num_cache_tokens"], 32768);
    assert.equal((values["skew_fit"] as Record<string, unknown>)["enabled"], true);
    assert.equal((await readManifest(Deno, dir))!.status, "complete");
  });
});

Deno.test("a time is the median of its passes, with spread and samples behind it", async () => {
  await inFolder(async (cwd) => {
    const { dir } = await sweep(cwd, [...ONE, "--only", "dense"]);
    const { header, rows } = (await readTable(Deno, `${dir}/tp1/dense.csv`))!;
    assert.deepEqual(header, ["layer", "tokens", "time_us", "spread_us", "samples"]);
    // The first layer of the catalog, at two tokens: 1 * (5 + 2 * 2 + 1) * (1, 1.0001, 3).
    assert.deepEqual(
      rows.find(({ cells }) => cells[0] === "embedding" && cells[1] === "2")!.cells,
      [
        ...["embedding", "2", "10.001", "20", "3"],
      ],
    );
    assert.deepEqual(await namesIn(`${dir}/tp1`), ["dense.csv"]);
  });
});

Deno.test("Ctrl-C closes the bundle with what it has", async () => {
  await inFolder(async (cwd) => {
    const args = ["sweep", ...OPTIONS, ...ONE, "--only", "dense"];
    const child = startVscope(args, { cwd, env: { FAKE_HOLD: "4 never" } });
    const output = ended(child);
    const dir = `${cwd}/${BUNDLE}`;
    await until(
      "a few shots",
      300_000,
      async () => (await readJournal(Deno, dir)).shots.length > 2,
    );
    child.kill("SIGINT");
    assert.equal((await output).code, 130);
    assert.equal((await readManifest(Deno, dir))!.status, "interrupted");
    assert.ok((await column(dir, "tp1/dense.csv", "time_us")).length > 2);
  });
});

Deno.test("without a terminal progress is lines of JSON, and VERBOSITY silences or adds what vLLM says", async () => {
  await inFolder(async (cwd) => {
    const args = [...ONE, "--only", "dense,attention", "--force"];
    const { stderr } = await sweep(cwd, args);
    const told = stderr.split("\n").filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    assert.equal(told[0].event, "engine_start");
    const last = told.at(-1);
    assert.deepEqual([last.event, last.done], ["sweep_measured", last.total]);
    assert.deepEqual(Object.keys(last.categories), ["dense", "attention"]);
    const silent = await sweep(cwd, args, { VERBOSITY: "--silent" });
    assert.deepEqual([silent.code, silent.stderr], [0, ""]);
    const chatty = { FAKE_SAYS: "INFO loading the model" };
    assert.doesNotMatch((await sweep(cwd, args, chatty)).stderr, /loading the model/);
    const verbose = await sweep(cwd, args, { VERBOSITY: "--verbose", ...chatty });
    assert.match(verbose.stderr, /^INFO loading the model$/m);
    assert.match(await Deno.readTextFile(`${verbose.dir}/logs/tp1.log`), /loading the model/);
  });
});

Deno.test("a time budget ends a sweep with what it has, and the same command finishes it", async () => {
  await inFolder(async (cwd) => {
    const args = [...ONE, "--only", "dense,attention"];
    const cut = await sweep(cwd, [...args, "--time-budget", "8s"], { FAKE_HOLD: "5 never" });
    assert.equal(cut.code, 1);
    assert.equal(cut.json.status, "partial");
    assert.match(JSON.stringify(cut.json.notes), /The time budget of 8 s is spent/);
    assert.match(JSON.stringify(cut.json.notes), /TP degree 1: \d+ shots are left to be fired/);
    const rows = await column(cut.dir, "tp1/dense.csv", "time_us");
    assert.ok(rows.length > 0);
    const went = await sweep(cwd, args);
    assert.equal(went.code, 0, went.stderr);
    assert.ok((await column(cut.dir, "tp1/dense.csv", "time_us")).length > rows.length);
    assert.deepEqual(await validateBundle(Deno, cut.dir), []);
  });
});
