/** What a sweep's folder is not gone on with, and what is left of it then. */

import assert from "node:assert/strict";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { lintBundle } from "../../../kit/sweep/lint/lint.ts";
import { JOURNAL_NAME, readJournal } from "../../../kit/sweep/measure/journal.ts";
import { vscopeHere } from "../../cli.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { column, ONE, OPTIONS, sweep } from "../../sweep/fake_sweep.ts";

const DENSE = [...ONE, "--only", "dense"];

/** All files of a folder but logs, by name and content. */
async function contents(dir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await namesIn(dir)) {
    if (name === "logs") continue;
    const path = `${dir}/${name}`;
    if ((await Deno.stat(path)).isDirectory) Object.assign(found, await contents(path));
    else found[path] = await Deno.readTextFile(path);
  }
  return found;
}

Deno.test("tables without the shots they are made of are not gone on with, and stay as they are", async () => {
  await inFolder(async (cwd) => {
    const { dir } = await sweep(cwd, DENSE);
    await Deno.remove(`${dir}/${JOURNAL_NAME}`);
    const before = await contents(dir);
    for (const more of [[], ["--force"]]) {
      const again = await sweep(cwd, [...DENSE, ...more], {
        FAKE_GPU: "Other",
        FAKE_VLLM: "0.33.0",
      });
      assert.equal(again.code, 2, again.stderr);
      assert.match(
        again.stderr,
        /it has tables, and no journal\.log .*; give another --out, or --force/,
      );
    }
    assert.deepEqual(await contents(dir), before);
    const anew = await sweep(cwd, [...ONE, "--force", "--skip-skew", "--only", "dense"]);
    assert.equal(anew.code, 2, "only all of it can be measured again");
    const whole = await sweep(cwd, [...ONE, "--force"]);
    assert.equal(whole.code, 0, whole.stderr);
  });
});

Deno.test("what is complete is not told to be of other types or another timer", async () => {
  await inFolder(async (cwd) => {
    const { dir } = await sweep(cwd, DENSE);
    const before = await Deno.readTextFile(`${dir}/meta.yaml`);
    const others: [string[], RegExp][] = [
      [["--dtype", "float16"], /measured with dtype bfloat16, and this would be float16/],
      [["--dtype", "fp8"], /measured with quantization none, and this would be fp8/],
      [["--kv-cache-dtype", "fp8"], /measured with kv_cache_dtype auto, and this would be fp8/],
      [["--timer", "kineto"], /measured with timer cpu, and this would be kineto; .*--mix/],
    ];
    for (const [option, message] of others) {
      const { code, stderr } = await sweep(cwd, [...DENSE, ...option, "--out", dir]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
    assert.equal(await Deno.readTextFile(`${dir}/meta.yaml`), before);
  });
});

Deno.test("a timer that is no name and no file is refused before anything starts", async () => {
  await inFolder(async (cwd) => {
    for (const timer of ["foo", "foo.py", "."]) {
      const { code, stderr, dir } = await sweep(cwd, [...DENSE, "--timer", timer]);
      assert.equal(code, 2);
      assert.match(
        stderr,
        /the timer "[^"]*" is (no Python file|neither a name nor a file); give cpu/,
      );
      assert.deepEqual(await namesIn(dir), []);
    }
  });
});

Deno.test("an engine that does not fit the shots taken over leaves nothing behind", async () => {
  await inFolder(async (cwd) => {
    const first = await sweep(cwd, DENSE);
    const args = ["sweep", ...OPTIONS, ...ONE, "--skip-skew", "--resume-from", first.dir];
    const other = { cwd, env: { FAKE_GPU: "Other" } };
    const fresh = await vscopeHere([...args, "--out", "fresh"], other);
    assert.equal(fresh.code, 2, fresh.stderr);
    assert.ok(fresh.stderr.includes(`Cannot go on with "${first.dir}": it was measured with gpu`));
    assert.deepEqual(await namesIn(`${cwd}/fresh`), []);

    // What is known without an engine needs none to be refused.
    const typed = await vscopeHere([...args, "--out", "fresh", "--dtype", "float16"], { cwd });
    assert.equal(typed.code, 2, typed.stderr);
    assert.ok(typed.stderr.includes(`"${first.dir}": it was measured with dtype`), typed.stderr);
    assert.doesNotMatch(typed.stderr, /engine_start/);
    assert.deepEqual(await namesIn(`${cwd}/fresh`), []);

    const begun = await vscopeHere(
      ["sweep", ...OPTIONS, ...ONE, "--only", "per_sequence", "--out", "begun"],
      other,
    );
    assert.equal(begun.code, 0, begun.stderr);
    const before = await contents(`${cwd}/begun`);
    const refused = await vscopeHere([...args, "--out", "begun"], other);
    assert.equal(refused.code, 2, refused.stderr);
    assert.ok(refused.stderr.includes(`Cannot go on with "${first.dir}"`), refused.stderr);
    assert.deepEqual(await contents(`${cwd}/begun`), before);
  });
});

Deno.test("shots of another folder come to one that is begun too, back and forth, and none is fired twice", async () => {
  await inFolder(async (cwd) => {
    const run = (out: string, ...args: string[]) =>
      vscopeHere(["sweep", ...OPTIONS, ...ONE, "--out", out, ...args], { cwd });
    const keys = async (out: string) =>
      (await readJournal(Deno, `${cwd}/${out}`)).shots.map(({ k }) => k);
    // A start that fails leaves a folder without a journal.
    const failed = await vscopeHere(
      ["sweep", ...OPTIONS, ...ONE, "--out", "b"],
      { cwd, env: { FAKE_BROKEN: "qwen3_moe" } },
    );
    assert.equal(failed.code, 1, failed.stderr);
    for (
      const [out, ...args] of [
        ["a", "--only", "dense"],
        ["b", "--only", "per_sequence", "--resume-from", "a"],
        ["a", "--skip-skew", "--resume-from", "b"],
        ["a", "--skip-skew", "--resume-from", "b"],
      ] as [string, ...string[]][]
    ) {
      const { code, stderr } = await run(out, ...args);
      assert.equal(code, 0, stderr);
    }
    const [a, b] = [await keys("a"), await keys("b")];
    assert.equal(new Set(a).size, a.length, "a shot was fired twice");
    assert.ok(b.every((key) => a.includes(key)));
    assert.equal((await readJournal(Deno, `${cwd}/a`)).sweeps.length, 3);
    const none = await run("a", "--skip-skew", "--resume-from", "none");
    assert.equal(none.code, 2);
    assert.match(none.stderr, /--resume-from "[^"]*none" holds no journal\.log/);
  });
});

Deno.test("a category is measured anew at one TP degree, of a sweep that has 1", async () => {
  await inFolder(async (cwd) => {
    const anew = ["--tp-degrees", "2", "--only", "attention", "--force"];
    const early = await sweep(cwd, anew);
    assert.equal(early.code, 2);
    assert.match(early.stderr, /TP degrees "2" must include 1/);
    assert.deepEqual(await namesIn(early.dir), []);
    const { dir, code, stderr } = await sweep(cwd, ["--tp-degrees", "1,2", "--skip-skew"]);
    assert.equal(code, 0, stderr);
    const times = (tp: number) => column(dir, `tp${tp}/attention.csv`, "time_us");
    const [one, two] = [await times(1), await times(2)];
    const meta = await Deno.readTextFile(`${dir}/meta.yaml`);
    const refreshed = await sweep(cwd, anew, { FAKE_POWER: "1.5" });
    assert.equal(refreshed.code, 0, refreshed.stderr);
    assert.deepEqual(await times(1), one);
    assert.notDeepEqual(await times(2), two);
    const part = (text: string) => /engine_effective:[^]*?\nattention_grid/.exec(text)![0];
    assert.equal(part(await Deno.readTextFile(`${dir}/meta.yaml`)), part(meta));
    assert.deepEqual(await lintBundle(Deno, dir, cwd), []);
  });
});

Deno.test("a run at fewer TP degrees with other limits is not complete, and says what would be", async () => {
  await inFolder(async (cwd) => {
    const limited = (requests: number, ...args: string[]) => {
      const options = OPTIONS.map((word, n) =>
        OPTIONS[n - 1] === "--max-num-seqs" ? `${requests}` : word
      );
      return sweep(cwd, [...args, "--skip-skew"], {}, options);
    };
    assert.equal((await limited(4, "--tp-degrees", "1,2")).code, 0);
    for (let time = 0; time < 2; time++) {
      const { json, dir } = await limited(6, ...ONE);
      assert.equal(json.status, "partial");
      assert.match(
        JSON.stringify(json.notes),
        /TP degree 2: tables of other limits .*--tp-degrees 1,2 completes/,
      );
      assert.equal((await readManifest(Deno, dir))!.status, "partial");
    }
    const { code, json } = await limited(6, "--tp-degrees", "1,2");
    assert.deepEqual([code, json.status, json.notes], [0, "complete", []]);
  });
});
