/** --target-error and --grid-error on the real CPU vLLM, with a timer whose noise is known. */

import assert from "node:assert/strict";
import { part, readMeta } from "../../kit/sweep/sweep_folder.ts";
import { readTable } from "../../kit/sweep/table.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

/**
 * A timer of a user's own: dense layers are steady; layers per sequence never come to rest; attention is uneven three times, and even the next three.
 */
const TIMER = `
import collections, itertools

NOISE = {
    "lm_head": [100, 130, 170, 220, 280],
    "sampler": [100, 130, 170, 220, 280],
    "attention": [100, 150, 200, 150, 150, 150],
}

class Timer:
    name, shots_per_session = "noisy", 1
    def __init__(self):
        self.noise = collections.defaultdict(lambda: itertools.repeat(40))
        for layer, values in NOISE.items():
            self.noise[layer] = itertools.cycle(values)
        self.calls = []
    def start(self): self.calls = []
    def enter(self, span, layer): return (span, layer, next(self.noise[layer]))
    def leave(self, call): self.calls.append(call)
    def stop(self): return self.calls
`;

Deno.test("a shot is timed until its error is small enough, and at most eight times as often", async () => {
  const { python, model } = await engine();
  await inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/noisy.py`, TIMER);
    const dir = `${cwd}/bundle`;
    const args = [
      ...["sweep", "--json", "--model", model, "--hardware", "CPU", "--python", python],
      ...["--timer", `${cwd}/noisy.py`, "--target-error", "0.02", "--out", dir],
      ...["--tp-degrees", "1", "--only", "dense,per_sequence,attention"],
      ...["--max-num-batched-tokens", "64", "--max-num-seqs", "4", "--attention-max-kv", "256"],
      // Its times are level: corners and probes of the tables are enough.
      ...["--grid-error", "0.02"],
    ];
    const { code, stdout, stderr } = await vscope(args, { cwd, env: OFFLINE_ENV });
    assert.equal(code, 0, stderr + stdout);
    const rounds = [...stderr.matchAll(/"round":(\d+)/g)].map(([, round]) => Number(round));
    assert.ok(Math.max(...rounds) > 1, "one engine takes shots more than once");
    assert.equal(stderr.match(/"engine_start"/g)?.length, 1);
    const { values } = (await readMeta(Deno, dir))!;
    const { attention, dense } = part(
      part(part(part(values, "adaptive"), "per_tp"), 1),
      "tables",
    ) as Record<string, { keys: number; measured: number; kept: number; error?: unknown }>;
    assert.equal(dense!.measured, dense!.keys, "a small grid is measured whole");
    assert.ok(attention!.measured < 0.5 * attention!.keys, JSON.stringify(attention));
    assert.deepEqual((attention!.error as { mean: number }).mean, 0);
    const table = (await readTable(Deno, `${dir}/tp1/attention.csv`))!;
    assert.equal(table.rows.length, attention!.kept);
    /** Samples of the rows of a table that share no shot with another table. */
    const samples = async (name: string, own: (row: Record<string, string>) => boolean) => {
      const { header, rows } = (await readTable(Deno, `${dir}/tp1/${name}.csv`))!;
      const found = rows.map(({ cells }) =>
        Object.fromEntries(header.map((column, place) => [column, cells[place]!]))
      ).filter(own);
      assert.ok(found.length > 0, name);
      return [...new Set(found.map((row) => Number(row["samples"])))];
    };
    // A chunk without history, and decodes without one, are shots of dense and per_sequence too.
    assert.deepEqual(await samples("per_sequence", (row) => Number(row["sequences"]) > 1), [24]);
    assert.deepEqual(
      await samples("attention", (row) => Number(row["kv_prefill"]) + Number(row["kv_decode"]) > 0),
      [6],
    );
    const chunks = new Set(
      (await readTable(Deno, `${dir}/tp1/attention.csv`))!.rows.map(({ cells }) => cells[0]!),
    );
    assert.deepEqual(
      await samples("dense", (row) => Number(row["tokens"]) > 1 && !chunks.has(row["tokens"]!)),
      [3],
    );
  });
});
