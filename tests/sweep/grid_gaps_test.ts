/** Lint compares the tables with the grid that meta tells of. */

import assert from "node:assert/strict";
import { lintBundle } from "../../kit/sweep/lint/lint.ts";
import { inFolder } from "../folders.ts";
import { edit, editRows, SMALL, writeSweep } from "./made.ts";

const lint = (dir: string) => lintBundle(Deno, dir, "/");
const ENGINE = {
  max_model_len: SMALL.maxModelLen,
  num_cache_tokens: SMALL.numCacheTokens,
  block_size: 16,
};

/** Makes of a sweep one of vscope's, with what its manifest tells besides. */
async function ofVscope(dir: string, manifest: Record<string, unknown> = {}): Promise<void> {
  await edit(`${dir}/meta.yaml`, (text) => text.replace("version: 1.0.0", "version: vscope 0.1.0"));
  await writeManifest(dir, manifest);
}

async function writeManifest(dir: string, manifest: Record<string, unknown>): Promise<void> {
  await Deno.writeTextFile(
    `${dir}/bundle.json`,
    JSON.stringify({
      schema_version: 1,
      recipe: "sweep",
      status: "complete",
      engine: { tp1: ENGINE, tp2: ENGINE },
      ...manifest,
    }),
  );
}

/** What is told of a sweep of vscope's that something was done to. */
async function planted(plant: (dir: string) => Promise<void>, manifest = {}): Promise<string[]> {
  return await inFolder(async (dir) => {
    await writeSweep(dir);
    await ofVscope(dir, manifest);
    assert.deepEqual(await lint(dir), []);
    await plant(dir);
    return (await lint(dir)).map(({ rule, severity, file, message }) =>
      `${severity} ${rule} ${file}: ${message}`
    );
  });
}

const cut =
  (table: string, keeps: (row: string[], place: number) => boolean) => async (dir: string) =>
    await editRows(`${dir}/tp1/${table}.csv`, (rows) => rows.filter(keeps));

Deno.test("shapes that all layers lack alike are told of each table, with how many there should be", async () => {
  const of = "shapes of the grid that meta.yaml tells of";
  assert.deepEqual(await planted(cut("dense", ([, tokens]) => Number(tokens) < 20)), [
    `error missing-layers tp1/dense.csv: lacks 12 of the 28 ${of} (tokens 20 …)`,
  ]);
  assert.deepEqual(await planted(cut("dense", ([, tokens]) => tokens !== "20")), [
    `error missing-layers tp1/dense.csv: lacks 1 of the 28 ${of} (tokens 20)`,
  ]);
  assert.deepEqual(await planted(cut("per_sequence", ([, size]) => Number(size) < 7)), [
    `error missing-layers tp1/per_sequence.csv: lacks 2 of the 8 ${of} (sequences 7 …)`,
  ]);
  const [attention, ...others] = await planted(
    cut("attention", (_, place) => place < 40 || place > 79),
  );
  assert.match(
    attention!,
    /^error missing-layers tp1\/attention.csv: lacks 40 of the \d+ .* \(prefill_chunk \d+, kv_prefill \d+, n_/,
  );
  assert.deepEqual(others, []);
  assert.match(
    (await planted(cut("moe", (_, place) => place < 4))).join(),
    /^error missing-layers tp1\/moe.csv: lacks \d+ of the \d+ .* \(tokens \d+, activated_experts \d+ …\)$/,
  );
  const skew = await planted(cut("skew", (_, place) => place % 2 === 0));
  assert.ok(skew.some((told) => /^error missing-layers tp1\/skew.csv: lacks /.test(told)));
});

Deno.test("limits of meta beyond what the tables reach are told of every table that they bound", async () => {
  const larger = (key: string, to: number) => async (dir: string) => {
    const path = `${dir}/meta.yaml`;
    await edit(path, (text) => text.replace(new RegExp(`${key}: \\d+`), `${key}: ${to}`));
  };
  const files = (found: string[]) =>
    new Set(
      found.filter((told) => told.startsWith("error missing-layers"))
        .map((told) => /tp1\/\w+/.exec(told)?.[0]).filter((file) => file !== undefined),
    );
  assert.deepEqual(
    files(await planted(larger("max_num_batched_tokens", 128))),
    new Set(["tp1/dense", "tp1/attention", "tp1/moe", "tp1/skew"]),
  );
  assert.deepEqual(
    files(await planted(larger("max_num_seqs", 16))),
    new Set(["tp1/per_sequence", "tp1/attention", "tp1/skew"]),
  );
});

Deno.test("without a manifest the limits of the engine are those that meta tells", async () => {
  const found = await planted(async (dir) => {
    await Deno.remove(`${dir}/bundle.json`);
    await edit(
      `${dir}/meta.yaml`,
      (text) => `${text}max_model_len: 4096\nnum_cache_tokens: 100000\n`,
    );
    assert.deepEqual(await lint(dir), []);
    await editRows(`${dir}/tp2/dense.csv`, (rows) => rows.filter(([, tokens]) => tokens !== "20"));
  });
  assert.match(
    found.join(),
    /^error missing-layers tp2\/dense.csv: lacks 1 of the 28 shapes [^\n]*$/,
  );
});

Deno.test("a sweep that says itself that it is not whole is warned of", async () => {
  const half = cut("dense", ([, tokens]) => Number(tokens) < 20);
  for (const manifest of [{ status: "partial" }, { dropped: { "tp1/dense": 4 } }]) {
    const found = await planted(half, manifest);
    assert.equal(found.length, 1);
    assert.match(found[0]!, /^warning missing-layers tp1\/dense.csv: /);
  }
});

Deno.test("shapes that were not to be measured are not missed", async () => {
  const dense = cut("dense", ([, tokens]) => Number(tokens) < 20);
  const meta = (more: string) => async (dir: string) => {
    await dense(dir);
    await edit(`${dir}/meta.yaml`, (text) => `${text}${more}\n`);
  };
  assert.deepEqual(await planted(meta("adaptive: { tolerance: 0.1 }")), [], "a part of the grid");
  assert.deepEqual(await planted(meta("grids: differ")), [], "sweeps of several grids");
  const engine = (facts: Partial<typeof ENGINE>) => async (dir: string) => {
    await dense(dir);
    await writeManifest(dir, {
      engine: { tp1: { ...ENGINE, ...facts }, tp2: { ...ENGINE, ...facts } },
    });
  };
  assert.deepEqual(await planted(engine({ max_model_len: 20 })), [], "requests are too long");
  assert.deepEqual(await planted(engine({ num_cache_tokens: 32 })), [], "the cache is too small");
});

Deno.test("of a sweep by another hand no more is known than how far its axes should reach", async () => {
  const foreign = async (plant: (dir: string) => Promise<void>) =>
    await inFolder(async (dir) => {
      await writeSweep(dir, [1]);
      await plant(dir);
      return (await lint(dir)).map(({ rule, severity, message }) =>
        `${severity} ${rule}: ${message}`
      );
    });
  assert.deepEqual(await foreign(cut("dense", ([, tokens]) => tokens !== "20")), []);
  assert.deepEqual(await foreign(cut("dense", ([, tokens]) => Number(tokens) < 20)), [
    "error meta-mismatch: engine_effective.max_num_batched_tokens is 64, and tp1/dense.csv ends before it " +
    "in tokens, at 16",
  ]);
  assert.deepEqual(await foreign(cut("per_sequence", ([, size]) => Number(size) < 7)), [
    "error meta-mismatch: engine_effective.max_num_seqs is 8, and tp1/per_sequence.csv ends before it in " +
    "sequences, at 6",
  ]);
  const short = async (dir: string) => {
    await cut("dense", ([, tokens]) => Number(tokens) < 20)(dir);
    await cut("attention", (row) => Math.max(Number(row[1]), Number(row[3])) < 32)(dir);
  };
  assert.deepEqual(await foreign(short), [], "a model of short requests");
});
