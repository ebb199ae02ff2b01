/** Whole sweeps with an engine that costs nothing: what is kept, what is told, what the bundle is. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { lintBundle } from "../../kit/sweep/lint/lint.ts";
import { readJournal } from "../../kit/sweep/measure/journal.ts";
import { readMeta } from "../../kit/sweep/sweep_folder.ts";
import { numberIn, readTable } from "../../kit/sweep/table.ts";
import { validateSweep } from "../../kit/sweep/validate_sweep.ts";
import { ended, startVscope, vscope } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { inFolder, namesIn } from "../folders.ts";

const FAKE = fileURLToPath(new URL("fixtures/fake_python.py", import.meta.url));
const OPTIONS = [
  ...["--model", "Qwen/Qwen3-30B-A3B-Instruct-2507", "--hardware", "H", "--python", FAKE, "--json"],
  ...["--max-num-batched-tokens", "16", "--max-num-seqs", "4", "--attention-max-kv", "512"],
  ...["--attention-kv-factor", "8", "--attention-chunk-factor", "4", "--skew-kvs-factor", "4"],
];
const BUNDLE = "perf/H/Qwen/Qwen3-30B-A3B-Instruct-2507/bf16";
const ONE = ["--tp-degrees", "1"];

async function sweep(cwd: string, args: string[], env: Record<string, string> = {}) {
  const ran = await vscope(["sweep", ...OPTIONS, ...args], { cwd, env });
  const dir = `${cwd}/${BUNDLE}`;
  const json = ran.stdout === "" ? {} : JSON.parse(ran.stdout);
  return { ...ran, dir, json, journal: await readJournal(Deno, dir) };
}

async function column(dir: string, file: string, name: string): Promise<number[]> {
  const table = (await readTable(Deno, `${dir}/${file}`))!;
  const place = table.header.indexOf(name);
  return table.rows.map(({ cells }) => numberIn(cells[place])!);
}

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

Deno.test("after a kill within a line nothing is fired again but what was in flight", async () => {
  await inFolder(async (cwd) => {
    const killed = await sweep(cwd, ONE, { FAKE_CUT: "20" });
    assert.equal(killed.journal.shots.length, 20);
    const went = await sweep(cwd, ONE);
    assert.equal(went.code, 0, went.stderr);
    const keys = went.journal.shots.map(({ k }) => k);
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(went.journal.damaged, 0);
    assert.deepEqual(went.journal.sweeps.map((line) => line.sweep), [1, 2]);
    const whole = await inFolder(async (other) => await sweep(other, ONE));
    assert.deepEqual(keys.toSorted(), whole.journal.shots.map(({ k }) => k).toSorted());
  });
});

Deno.test("a larger grid fires what is missing, and what is complete fires nothing", async () => {
  await inFolder(async (cwd) => {
    const first = await sweep(cwd, [...ONE, "--skip-skew"]);
    assert.equal(first.code, 0, first.stderr);
    const second = await sweep(cwd, ONE);
    assert.equal(second.code, 0, second.stderr);
    const added = second.journal.shots.length - first.journal.shots.length;
    assert.ok(added > 0);
    const table = `${second.dir}/tp1/attention.csv`;
    const attention = await Deno.readTextFile(table);
    await Deno.remove(table);
    const third = await sweep(cwd, ONE);
    assert.equal(third.code, 0, third.stderr);
    assert.deepEqual(third.journal, second.journal, "an engine was started");
    assert.equal(await Deno.readTextFile(table), attention);
    assert.deepEqual(await lintBundle(Deno, third.dir, cwd), []);
    // What skew shares with attention was not fired again.
    const keys = second.journal.shots.map(({ k }) => k);
    assert.equal(new Set(keys).size, keys.length);
  });
});

Deno.test("--only with --force measures one category again, and --force alone everything", async () => {
  await inFolder(async (cwd) => {
    const first = await sweep(cwd, [...ONE, "--skip-skew"]);
    const dense = await sweep(cwd, [...ONE, "--only", "dense", "--force"]);
    assert.equal(dense.code, 0, dense.stderr);
    const rows = (await column(first.dir, "tp1/dense.csv", "tokens")).length;
    const layers = new Set((await readTable(Deno, `${first.dir}/tp1/dense.csv`))!.rows
      .map(({ cells }) => cells[0])).size;
    assert.equal(dense.journal.shots.length, first.journal.shots.length + rows / layers);
    assert.equal((await sweep(cwd, [...ONE, "--skip-skew"])).json.status, "complete");
    const all = await sweep(cwd, [...ONE, "--force"]);
    assert.deepEqual(all.journal.sweeps.map((line) => line.sweep), [1]);
    assert.deepEqual(await lintBundle(Deno, all.dir, cwd), []);
  });
});

Deno.test("a shot at which the engine dies is set aside and told, and the rest is measured", async () => {
  await inFolder(async (cwd) => {
    const { code, json, dir } = await sweep(cwd, [...ONE, "--only", "dense,attention"], {
      FAKE_DEATH: "1x7+0",
    });
    assert.equal(code, 1);
    assert.equal(json.status, "partial");
    assert.match(
      JSON.stringify(json.notes),
      /the shot \\"1x7\+0\\" was set aside: the engine died/,
    );
    const tokens = await column(dir, "tp1/dense.csv", "tokens");
    assert.ok(tokens.includes(6) && tokens.includes(8) && !tokens.includes(7));
    assert.ok((await column(dir, "tp1/attention.csv", "time_us")).length > 10);
    const again = await sweep(cwd, [...ONE, "--only", "dense,attention"]);
    assert.equal(again.code, 0, again.stderr);
  });
});

Deno.test("where shots come together, the one in flight is set aside, or found one by one", async () => {
  for (const [flight, deaths] of [[{ FAKE_FLIGHT: "1" }, 1], [{}, 2]] as const) {
    await inFolder(async (cwd) => {
      const { code, json, dir, journal } = await sweep(cwd, [...ONE, "--only", "dense,attention"], {
        ...flight,
        FAKE_SESSION: "8",
        FAKE_DEATH: "1x7+0",
      });
      assert.equal(code, 1);
      const told = JSON.stringify(json.notes);
      assert.match(told, /the shot \\"1x7\+0\\" was set aside: the engine died/);
      assert.equal(told.match(/another is started/g)!.length, deaths, told);
      const tokens = await column(dir, "tp1/dense.csv", "tokens");
      assert.ok([1, 6, 8].every((count) => tokens.includes(count)) && !tokens.includes(7));
      const keys = journal.shots.map(({ k }) => k);
      assert.equal(new Set(keys).size, keys.length, "a shot was fired twice");
    });
  }
});

Deno.test("a shot that the engine cannot fire is told, and no engine is started for it again", async () => {
  await inFolder(async (cwd) => {
    const { json, stderr } = await sweep(cwd, [...ONE, "--only", "dense"], {
      FAKE_REFUSED: "1x3+0",
    });
    assert.equal(json.status, "partial", stderr);
    assert.match(JSON.stringify(json.notes), /\\"1x3\+0\\" was set aside: it does not fit/);
  });
});

Deno.test("another vLLM does not go into the same folder", async () => {
  await inFolder(async (cwd) => {
    await sweep(cwd, [...ONE, "--only", "dense"]);
    const other = await sweep(cwd, [...ONE, "--only", "attention"], { FAKE_VLLM: "0.33.0" });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /measured with vllm_version 0\.32\.0, and this would be 0\.33\.0/);
    assert.equal((await readManifest(Deno, other.dir))!.status, "complete");
    const forced = await sweep(cwd, [...ONE, "--force", "--only", "dense"], {
      FAKE_VLLM: "0.33.0",
    });
    assert.equal(forced.code, 2);
    const gpu = await sweep(cwd, [...ONE, "--only", "attention"], { FAKE_GPU: "Other" });
    assert.equal(gpu.code, 2);
    assert.match(gpu.stderr, /measured with gpu .*, and this would be Other/);
    assert.equal((await readManifest(Deno, gpu.dir))!.status, "complete");
    assert.equal((await sweep(cwd, [...ONE, "--force"], { FAKE_VLLM: "0.33.0" })).code, 0);
  });
});

Deno.test("--mix goes on with another vLLM or GPU and says so, and never with another model", async () => {
  await inFolder(async (cwd) => {
    const first = await sweep(cwd, [...ONE, "--only", "dense"]);
    const other = { FAKE_VLLM: "0.33.0", FAKE_GPU: "Other" };
    const mixed = await sweep(cwd, [...ONE, "--only", "dense,attention", "--mix"], other);
    assert.equal(mixed.code, 0, mixed.stderr);
    assert.deepEqual(
      mixed.journal.shots.slice(0, first.journal.shots.length),
      first.journal.shots,
    );
    const keys = mixed.journal.shots.map(({ k }) => k);
    assert.equal(new Set(keys).size, keys.length, "a shot was fired twice");
    assert.match(
      JSON.stringify(mixed.json.notes),
      /mixes times of different kinds: vllm_version 0\.32\.0 and 0\.33\.0; gpu .* and Other/,
    );
    const found = await lintBundle(Deno, mixed.dir, cwd);
    assert.ok(found.some(({ rule }) => rule === "mixed-sweeps"));
    const model = `${cwd}/other.json`;
    await Deno.writeTextFile(
      model,
      await Deno.readTextFile(
        new URL("../../configs/model/mistralai/Mixtral-8x7B-v0.1.json", import.meta.url),
      ),
    );
    const args = [
      "sweep",
      ...OPTIONS.slice(2),
      ...ONE,
      "--mix",
      "--model",
      model,
      "--out",
      mixed.dir,
    ];
    const never = await vscope(args, { cwd, env: other });
    assert.equal(never.code, 2);
    assert.match(
      never.stderr,
      /measured with model_config_sha256 [^;]*; give another --out, or --force/,
    );
  });
});

Deno.test("a folder of somebody else's is left as it is", async () => {
  await inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/${BUNDLE}`, { recursive: true });
    await Deno.writeTextFile(`${cwd}/${BUNDLE}/meta.yaml`, "{}\n");
    const { code, stderr, dir } = await sweep(cwd, [...ONE, "--force"]);
    assert.equal(code, 2);
    assert.match(stderr, /the folder already holds "meta.yaml"/);
    assert.deepEqual(await namesIn(dir), ["meta.yaml"]);
  });
});

Deno.test("a sweep of another folder is gone on with", async () => {
  await inFolder(async (cwd) => {
    const first = await sweep(cwd, [...ONE, "--only", "dense"]);
    const other = ["--out", `${cwd}/other`, "--resume-from", first.dir];
    const ran = await vscope(["sweep", ...OPTIONS, ...ONE, "--skip-skew", ...other], { cwd });
    assert.equal(ran.code, 0, ran.stderr);
    const { shots } = await readJournal(Deno, `${cwd}/other`);
    assert.deepEqual(shots.slice(0, first.journal.shots.length), first.journal.shots);
    assert.equal(new Set(shots.map(({ k }) => k)).size, shots.length);
    const none = await vscope(
      ["sweep", ...OPTIONS, ...ONE, "--out", "o", "--resume-from", "none"],
      {
        cwd,
      },
    );
    assert.equal(none.code, 2);
    assert.match(none.stderr, /--resume-from "[^"]*none" holds no journal\.log/);
  });
});

Deno.test("a time budget ends a sweep with what it has, and the same command finishes it", async () => {
  await inFolder(async (cwd) => {
    const args = [...ONE, "--only", "dense,attention"];
    const cut = await sweep(cwd, [...args, "--time-budget", "3s"], { FAKE_SLOW_SEC: "0.2" });
    assert.equal(cut.code, 1);
    assert.equal(cut.json.status, "partial");
    assert.match(JSON.stringify(cut.json.notes), /The time budget of 3 s is spent/);
    assert.match(JSON.stringify(cut.json.notes), /TP degree 1: \d+ shots are left to be fired/);
    const rows = await column(cut.dir, "tp1/dense.csv", "time_us");
    assert.ok(rows.length > 0);
    const went = await sweep(cwd, args);
    assert.equal(went.code, 0, went.stderr);
    assert.ok((await column(cut.dir, "tp1/dense.csv", "time_us")).length > rows.length);
    assert.deepEqual(await validateBundle(Deno, cut.dir), []);
  });
});

Deno.test("Ctrl-C closes the bundle with what it has", async () => {
  await inFolder(async (cwd) => {
    const args = ["sweep", ...OPTIONS, ...ONE, "--only", "dense"];
    const child = startVscope(args, { cwd, env: { FAKE_SLOW_SEC: "0.2" } });
    const output = ended(child);
    const dir = `${cwd}/${BUNDLE}`;
    await until(
      "a few shots",
      20_000,
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
