import assert from "node:assert/strict";
import { deathIn, engineDeath } from "../../kit/engine/engine_death.ts";
import { inFolder } from "../folders.ts";

const WORKER = "(EngineCore pid=9) ERROR Worker proc VllmWorker-0 died unexpectedly";
const SERVER = "(APIServer pid=1) ERROR vllm.v1.engine.exceptions.EngineDeadError: see above";
const SHUTDOWN = "(EngineCore pid=9) INFO [shutdown] Executor: waiting for worker exit count=0";

Deno.test("a worker's death says more than the server's, and its signal is explained", () => {
  const killed = `${WORKER} (exit code: -4), shutting down executor.`;
  assert.equal(
    deathIn(["INFO ready", SERVER, killed, SHUTDOWN]),
    `${killed}: SIGILL, an instruction that this CPU or its kernel does not let it use`,
  );
  assert.equal(deathIn([`${WORKER} (exit code: 1)`]), `${WORKER} (exit code: 1)`);
  assert.equal(deathIn([`${WORKER}, shutting down`]), `${WORKER}, shutting down`);
  assert.equal(deathIn([SERVER, SERVER]), SERVER);
});

Deno.test("what dies while vLLM shuts down has not died of anything", () => {
  assert.equal(deathIn(["INFO ready", SHUTDOWN, `${WORKER} (exit code: -15)`, SERVER]), undefined);
  assert.equal(deathIn([]), undefined);
});

Deno.test("the worker's line is found behind all that a dying engine prints", async () => {
  await inFolder(async (dir) => {
    const killed = `${WORKER} (exit code: -9), shutting down executor.`;
    const dump = `ERROR Dumping input data ${"x".repeat(90_000)}\n`;
    const trace = `${SERVER}\n  File "core.py", line 1\n`.repeat(300);
    await Deno.writeTextFile(`${dir}/log`, `${killed}\n${SHUTDOWN}\n${dump}${dump}${trace}`);
    const found = await engineDeath({ files: Deno }, [`${dir}/none`, `${dir}/log`]);
    assert.equal(found, `${killed}: SIGKILL, often by the kernel because memory was out`);
  });
});
