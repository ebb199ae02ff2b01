/** What lies in a sweep's folder is gone on with, measured again, or left as it is. */

import assert from "node:assert/strict";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { lintBundle } from "../../../kit/sweep/lint/lint.ts";
import { readJournal } from "../../../kit/sweep/measure/journal.ts";
import { readMeta } from "../../../kit/sweep/sweep_folder.ts";
import { readTable } from "../../../kit/sweep/table.ts";
import { vscopeHere } from "../../cli.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { BUNDLE, column, ONE, OPTIONS, sweep } from "../../sweep/fake_sweep.ts";

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

Deno.test("--only with --force at one TP degree keeps what the others have", async () => {
  await inFolder(async (cwd) => {
    const two = ["--tp-degrees", "1,2", "--skip-skew"];
    const first = await sweep(cwd, two);
    assert.equal(first.code, 0, first.stderr);
    const other = await Deno.readTextFile(`${first.dir}/tp2/attention.csv`);
    const forced = await sweep(cwd, [...ONE, "--only", "attention", "--force"]);
    assert.equal(forced.code, 0, forced.stderr);
    const again = forced.journal.shots.slice(first.journal.shots.length);
    assert.ok(again.length > 0 && again.every(({ tp }) => tp === 1));
    const third = await sweep(cwd, two);
    assert.equal(third.code, 0, third.stderr);
    assert.deepEqual(third.journal, forced.journal, "something was fired at TP 2");
    assert.equal(await Deno.readTextFile(`${first.dir}/tp2/attention.csv`), other);
    assert.deepEqual(await lintBundle(Deno, third.dir, cwd), []);
  });
});

Deno.test("a TP degree at which nothing could be measured has no tables of what all degrees share", async () => {
  await inFolder(async (cwd) => {
    await sweep(cwd, [...ONE]);
    const { dir, json } = await sweep(cwd, ["--tp-degrees", "1,2"], { FAKE_REFUSED: "all" });
    assert.equal(json.status, "partial");
    assert.ok((await namesIn(dir)).includes("tp1"));
    assert.ok(!(await namesIn(dir)).includes("tp2"));
    assert.deepEqual((await readMeta(Deno, dir))!.values["tp_degrees"], [1]);
    assert.deepEqual(await lintBundle(Deno, dir, cwd), []);
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
        new URL("../../../configs/model/mistralai/Mixtral-8x7B-v0.1.json", import.meta.url),
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
    const never = await vscopeHere(args, { cwd, env: other });
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
    const ran = await vscopeHere(["sweep", ...OPTIONS, ...ONE, "--skip-skew", ...other], { cwd });
    assert.equal(ran.code, 0, ran.stderr);
    const { shots } = await readJournal(Deno, `${cwd}/other`);
    assert.deepEqual(shots.slice(0, first.journal.shots.length), first.journal.shots);
    assert.equal(new Set(shots.map(({ k }) => k)).size, shots.length);
    const none = await vscopeHere(
      ["sweep", ...OPTIONS, ...ONE, "--out", "o", "--resume-from", "none"],
      {
        cwd,
      },
    );
    assert.equal(none.code, 2);
    assert.match(none.stderr, /--resume-from "[^"]*none" holds no journal\.log/);
  });
});
