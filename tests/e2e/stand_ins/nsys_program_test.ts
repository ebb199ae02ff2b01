import assert from "node:assert/strict";
import { namesIn } from "../../folders.ts";
import { onNsys } from "../../nsys/on_nsys.ts";
import { runScript } from "../../nvidia/profiled_script.ts";

Deno.test("one call of a script is recorded, and the hook's files are gone afterwards", async () => {
  await onNsys({}, {}, async (machine) => {
    const run = await runScript(machine, 'llm.generate(["warm"]); llm.generate(["a"] * 3)', [
      ...["--record-call", "2", "--max-iterations", "5"],
    ]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.deepEqual([run.capture.by, run.capture.window.ended], ["hook", "the call had ended"]);
    assert.match(await Deno.readTextFile(`${machine.out}/logs/stdout.log`), /PROFILER cuda/);
    assert.ok((await namesIn(machine.out)).includes("analysis.json"));
    assert.deepEqual((await namesIn(machine.out)).filter((name) => name.startsWith(".")), []);
  });
});

Deno.test("a script that makes no call leaves nothing, and is told how to be recorded; whole, it is", async () => {
  await onNsys({}, {}, async (machine) => {
    const none = await runScript(machine, "");
    assert.deepEqual([none.code, none.json.status], [1, "failed"]);
    assert.match(none.notes, /no process called cudaProfilerStart.*--capture-range=none/);
    await Deno.remove(machine.out, { recursive: true });
    const whole = await runScript(machine, "raise ValueError('bad input')", [
      ...["--capture-range", "none"],
    ]);
    assert.deepEqual([whole.code, whole.json.status], [1, "partial"]);
    assert.match(whole.notes, /The command failed: ValueError: bad input/);
    assert.equal(whole.capture.by, "run");
  });
});

Deno.test("the seconds bound a call between two steps; Ctrl-C ends a program, and keeps what was recorded", async () => {
  await onNsys({}, {}, async (machine) => {
    const slow = 'os.environ["FAKE_STEP_SECONDS"] = "0.1"\nllm.generate(["a"] * 4000)';
    const run = await runScript(machine, slow, ["--max-seconds", "0.5"]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.window.ended, "the seconds had passed");
  });
  await onNsys({}, {}, async (machine) => {
    const ctrlC = new AbortController();
    const running = machine.run(["--grace", "60", "--", "sleep", "3671.25"], { ctrlC });
    await machine.printed("Collecting");
    ctrlC.abort("SIGINT");
    const run = await running;
    assert.deepEqual([run.code, run.json.status], [130, "interrupted"]);
    assert.equal(run.capture.sqlite, "rep.sqlite");
  });
});
