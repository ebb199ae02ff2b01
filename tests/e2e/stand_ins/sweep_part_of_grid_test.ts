/** Sweeps of a part of the grid, with an engine that costs nothing. */

import assert from "node:assert/strict";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { lintBundle } from "../../../kit/sweep/lint/lint.ts";
import { part as under, readMeta } from "../../../kit/sweep/sweep_folder.ts";
import { readTable } from "../../../kit/sweep/table.ts";
import { validateSweep } from "../../../kit/sweep/validate_sweep.ts";
import { inFolder } from "../../folders.ts";
import { ONE, OPTIONS, sweep } from "../../sweep/fake_sweep.ts";

/** A finer grid than the other tests have, times that bend, and shots of a tenth of a second. */
const FINE = [
  ...OPTIONS.slice(0, OPTIONS.indexOf("--max-num-batched-tokens")),
  ...["--max-num-batched-tokens", "128", "--max-num-seqs", "8", "--attention-max-kv", "1024"],
];
const BENT = { FAKE_POWER: "0.7", FAKE_SEC: "0.1" };

function part(cwd: string, args: string[], env: Record<string, string> = {}) {
  return sweep(cwd, args, { ...BENT, ...env }, FINE);
}

async function rows(dir: string, file: string): Promise<string[]> {
  const { header, rows } = (await readTable(Deno, `${dir}/${file}`))!;
  const place = header.indexOf("time_us");
  return rows.map(({ cells }) => cells.slice(0, place).join());
}

async function adaptive(dir: string, tp: number) {
  const meta = under((await readMeta(Deno, dir))!.values, "adaptive");
  return under(under(meta, "per_tp"), tp);
}

/** Shots that a budget is for; the last row or case of one is not cut in two. */
function bought(shots: number, seconds: number): void {
  const most = seconds / Number(BENT.FAKE_SEC);
  assert.ok(shots >= most - 3 && shots <= most + 12, `${shots} shots in ${seconds} s`);
}

Deno.test("a budget buys a part of the grid, and a larger one goes on with it", async () => {
  await inFolder(async (cwd) => {
    const first = await part(cwd, [...ONE, "--budget", "30s"]);
    assert.equal(first.code, 0, first.stderr + first.stdout);
    assert.equal(first.json.status, "complete");
    const shots = first.journal.shots.length;
    bought(shots, 30);
    const keys = new Set(first.journal.shots.map(({ k }) => k));
    assert.equal(keys.size, shots, "a shot was fired twice");
    assert.deepEqual(await validateSweep(Deno, first.dir), []);
    assert.deepEqual(await validateBundle(Deno, first.dir), []);
    assert.deepEqual(await lintBundle(Deno, first.dir, cwd), []);
    const told = await adaptive(first.dir, 1);
    assert.equal(told["shots"], shots);
    const table = under(under(told, "tables"), "attention");
    const [all, measured, kept] = [table["keys"], table["measured"], table["kept"]].map(Number);
    assert.ok(kept! <= measured! && measured! < all!, JSON.stringify(told));
    assert.ok(Number(under(table, "error")["mean"]) > 0);
    const attention = await rows(first.dir, "tp1/attention.csv");
    assert.equal(attention.length, kept);

    const again = await part(cwd, [...ONE, "--budget", "30s"]);
    assert.deepEqual(again.journal, first.journal, "an engine was started");
    assert.equal(again.json.status, "complete");

    const more = await part(cwd, [...ONE, "--budget", "45s"]);
    assert.equal(more.code, 0, more.stderr);
    bought(more.journal.shots.length, 45);
    const larger = new Set(await rows(more.dir, "tp1/attention.csv"));
    assert.ok(attention.every((key) => larger.has(key)));

    const whole = await part(cwd, ONE);
    assert.equal(whole.code, 0, whole.stderr);
    assert.equal((await rows(whole.dir, "tp1/attention.csv")).length, all);
    assert.equal((await readMeta(Deno, whole.dir))!.values["adaptive"], undefined);
    const fired = whole.journal.shots.map(({ k }) => k);
    assert.equal(new Set(fired).size, fired.length);
  });
});

Deno.test("a part that is killed goes on to what it would have been", async () => {
  await inFolder(async (cwd) => {
    const args = [...ONE, "--skip-skew", "--budget", "40s"];
    const killed = await part(cwd, args, { FAKE_CUT: "30" });
    assert.equal(killed.journal.shots.length, 30);
    const went = await part(cwd, args);
    assert.equal(went.json.status, "complete", went.stdout + went.stderr);
    const keys = went.journal.shots.map(({ k }) => k);
    assert.equal(new Set(keys).size, keys.length);
    bought(keys.length, 40);
  });
});

Deno.test("with --grid-error tables that are good enough are left; every TP degree has its own part", async () => {
  await inFolder(async (cwd) => {
    const { code, json, dir, stderr } = await part(
      cwd,
      ["--tp-degrees", "1,2", "--grid-error", "0.05"],
    );
    assert.equal(code, 0, stderr);
    assert.equal(json.status, "complete");
    assert.deepEqual(await lintBundle(Deno, dir, cwd), []);
    for (const tp of [1, 2]) {
      const tables = under(await adaptive(dir, tp), "tables");
      assert.equal("moe" in tables, tp === 1);
      for (const [name, table] of Object.entries(tables)) {
        const { keys, measured, error } = table as Record<string, unknown>;
        const mean = Number((error as Record<string, unknown> | undefined)?.["mean"] ?? 0);
        assert.ok(measured === keys || mean <= 0.05, `${name} ${JSON.stringify(table)}`);
      }
      const { measured, keys } = under(tables, "attention") as Record<string, number>;
      assert.ok(measured! < 0.8 * keys!, `${measured} of ${keys}`);
    }
  });
});

Deno.test("a budget that is too small for the first shots leaves a part that says so", async () => {
  await inFolder(async (cwd) => {
    const small = await part(cwd, [...ONE, "--budget", "5s"]);
    assert.equal(small.code, 1);
    assert.equal(small.json.status, "partial");
    assert.match(JSON.stringify(small.json), /larger --budget goes on/);
  });
});

Deno.test("a shot that cannot be fired is set aside, and others are chosen without it", async () => {
  await inFolder(async (cwd) => {
    const args = [...ONE, "--skip-skew", "--budget", "40s"];
    const refused = "8x1+1024";
    const first = await part(cwd, args, { FAKE_REFUSED: refused });
    assert.equal(first.json.status, "partial", first.stderr);
    assert.match(JSON.stringify(first.json), /8x1\+1024.*it does not fit/);
    bought(first.journal.shots.length, 40);
    const died = await part(cwd, [...args.slice(0, -1), "41s"], {
      FAKE_DEATH: refused,
      FAKE_FLIGHT: "1",
    });
    assert.match(JSON.stringify(died.json), /the engine died/);
  });
});
