/** Shots at which the real CPU vLLM runs out of memory, breaks and is killed: the rest is measured. */

import assert from "node:assert/strict";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import { readJournal } from "../../kit/sweep/measure/journal.ts";
import { numberIn, readTable } from "../../kit/sweep/table.ts";
import { ROOT } from "../dev/run.ts";
import { ended, startVscope } from "../cli.ts";
import { running, until } from "../engine/processes.ts";
import { inFolder } from "../folders.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

Deno.test("engines that die are started again, and the shots that they died of are set aside", async () => {
  await inFolder(async (cwd) => {
    const { python, model } = await engine();
    const args = [
      ...["sweep", "--json", "--model", model, "--hardware", "CPU", "--python", python],
      ...["--tp-degrees", "1", "--max-num-batched-tokens", "16", "--max-num-seqs", "4"],
      ...["--only", "dense", "--timer", `${ROOT}/tests/e2e/scripts/deadly_timer.py`],
      ...["--out", `${cwd}/out`],
    ];
    const { code, stdout, stderr } = await ended(startVscope(args, { cwd, env: OFFLINE_ENV }));
    assert.equal(code, 1, stderr + stdout);
    const { status, notes, processes } = (await readManifest(Deno, `${cwd}/out`))!;
    assert.equal(status, "partial");
    const told = notes.map(({ message }) => message).join("\n");
    assert.match(told, /the shot "1x5\+0" was set aside: OutOfMemoryError: CUDA out of memory/);
    assert.match(
      told,
      /the shot "1x9\+0" was set aside: RuntimeError: CUDA error: an illegal memory/,
    );
    assert.match(told, /the shot "1x13\+0" was set aside: the engine died/);
    assert.equal(notes.filter(({ message }) => /another is started/.test(message)).length, 2, told);
    // Three engines: the second after the illegal access, the third after the kill.
    assert.equal(processes.length, 3);
    const pids = processes.map(({ pid }) => pid);
    await until("the engines have ended", 60_000, async () => (await running(pids)).length === 0);

    const { header, rows } = (await readTable(Deno, `${cwd}/out/tp1/dense.csv`))!;
    const place = header.indexOf("tokens");
    const tokens = new Set(rows.map(({ cells }) => numberIn(cells[place])));
    const wanted = Array.from({ length: 16 }, (_, at) => at + 1);
    assert.deepEqual([...tokens], wanted.filter((n) => ![5, 9, 13].includes(n)));
    const { shots, damaged } = await readJournal(Deno, `${cwd}/out`);
    assert.equal(damaged, 0);
    assert.equal(new Set(shots.map(({ k }) => k)).size, shots.length, "a shot was measured twice");
  });
});
