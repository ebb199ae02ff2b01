/** --grid-error on the real CPU vLLM: shots in rounds, of one engine, with a timer that tells level times. */

import assert from "node:assert/strict";
import { part, readMeta } from "../../kit/sweep/sweep_folder.ts";
import { readTable } from "../../kit/sweep/table.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { engine, OFFLINE_ENV } from "../e2e/engine.ts";

const TIMER = `
class Timer:
    name, shots_per_session = "level", 1
    def __init__(self): self.calls = []
    def start(self): self.calls = []
    def enter(self, span, layer): return (span, layer, 150)
    def leave(self, call): self.calls.append(call)
    def stop(self): return self.calls
`;

Deno.test("of level times the corners and some keys drawn at random are enough", async () => {
  const { python, model } = await engine();
  await inFolder(async (cwd) => {
    await Deno.writeTextFile(`${cwd}/level.py`, TIMER);
    const dir = `${cwd}/bundle`;
    const args = [
      ...["sweep", "--json", "--model", model, "--hardware", "CPU", "--python", python],
      ...["--timer", `${cwd}/level.py`, "--out", dir],
      ...["--tp-degrees", "1", "--only", "dense,per_sequence,attention"],
      ...["--max-num-batched-tokens", "64", "--max-num-seqs", "4", "--attention-max-kv", "256"],
      // Its times are level: corners and probes of the tables are enough.
      ...["--grid-error", "0.02"],
    ];
    const { code, stdout, stderr } = await vscope(args, { cwd, env: OFFLINE_ENV });
    assert.equal(code, 0, stderr + stdout);
    assert.equal(stderr.match(/"engine_start"/g)?.length, 1);
    const { values } = (await readMeta(Deno, dir))!;
    const told = part(part(part(values, "adaptive"), "per_tp"), 1);
    assert.ok(Number(told["shots"]) > 64, "one engine takes shots more than once");
    const { attention, dense } = part(told, "tables") as Record<
      string,
      { keys: number; measured: number; kept: number; error?: unknown }
    >;
    assert.equal(dense!.measured, dense!.keys, "a small grid is measured whole");
    assert.ok(attention!.measured < 0.5 * attention!.keys, JSON.stringify(attention));
    assert.deepEqual((attention!.error as { mean: number }).mean, 0);
    const table = (await readTable(Deno, `${dir}/tp1/attention.csv`))!;
    assert.equal(table.rows.length, attention!.kept);
  });
});
