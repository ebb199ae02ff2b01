import assert from "node:assert/strict";
import { namesIn } from "../../folders.ts";
import { launchesToHandOver } from "../../ncu/recorded_table.ts";
import { type NcuMachine, onNcu } from "../../ncu/on_ncu.ts";
import { runScript } from "../../nvidia/profiled_script.ts";

const launches = await launchesToHandOver();
const measured = async ({ out }: NcuMachine) =>
  JSON.parse(await Deno.readTextFile(`${out}/analysis.json`)).ncu_kernels.length;

Deno.test("one call of a script is measured, with a small KV cache and eager; the hook's files are gone afterwards", async () => {
  await onNcu({}, {}, async (machine) => {
    const run = await runScript(machine, 'llm.generate(["warm"]); llm.generate(["a"] * 3)', [
      ...["--record-call", "2", "--count", "4"],
    ]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.deepEqual([run.capture.by, run.capture.window.ended], ["hook", "the call had ended"]);
    assert.deepEqual(run.capture.engine_arguments, {
      enforce_eager: true,
      kv_cache_memory_bytes: 2 ** 30,
      max_model_len: -1,
    });
    assert.match(await Deno.readTextFile(`${machine.out}/logs/stdout.log`), /PROFILER cuda/);
    assert.equal(await measured(machine), 4);
    assert.deepEqual((await namesIn(machine.out)).filter((name) => name.startsWith(".")), []);
  });
});

Deno.test("a script that makes no call leaves nothing, and is told how to be measured; whole, it is", async () => {
  await onNcu({}, {}, async (machine) => {
    const none = await runScript(machine, "");
    assert.deepEqual([none.code, none.json.status], [1, "failed"]);
    assert.match(none.notes, /no call of LLM\.generate was measured; --capture-range none/);
    await Deno.remove(machine.out, { recursive: true });
    const whole = await runScript(machine, "raise ValueError('bad input')", [
      ...["--capture-range", "none"],
    ]);
    assert.deepEqual([whole.code, whole.json.status], [1, "partial"]);
    assert.match(whole.notes, /The command failed: ValueError: bad input/);
    assert.equal(whole.capture.by, "run");
    assert.equal(await measured(machine), Math.min(60, launches.length));
  });
});

Deno.test("the seconds bound a call between two steps, and end a program that has no steps", async () => {
  const slow = { slow: true, "seconds a launch": 0.2 };
  await onNcu(slow, {}, async (machine) => {
    const run = await runScript(
      machine,
      'os.environ["FAKE_STEP_SECONDS"] = "0.1"\nllm.generate(["a"] * 4000)',
      ["--max-seconds", "2"],
    );
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.window.ended, "the seconds had passed");
    const count = await measured(machine);
    assert.ok(count > 0 && count < launches.length, `${count} launches`);
  });
  await onNcu(slow, {}, async (machine) => {
    const run = await machine.run(["--max-seconds", "0.5", "--", "sleep", "3671.5"]);
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.window.ended, "the seconds had passed");
    assert.match(run.notes, /The command was ended after 0\.5 s of measuring/);
  });
});

Deno.test("where ncu cannot measure a program is not waited for; Ctrl-C ends one, and keeps what was measured", async () => {
  await onNcu({ permission: true }, {}, async (machine) => {
    const run = await machine.run(["--", "sleep", "3671.25"]);
    assert.deepEqual([run.code, run.json.status], [1, "failed"]);
    assert.match(run.notes, /ERR_NVGPUCTRPERM/);
  });
  await onNcu({}, {}, async (machine) => {
    const run = await machine.run(["--sections", "Nonsense", "--", "sleep", "3671.25"]);
    assert.deepEqual([run.code, run.json.status], [1, "failed"]);
    assert.match(run.notes, /^ncu left no report; it says: .*'Nonsense'.*is invalid\.$/);
  });
  await onNcu({}, {}, async (machine) => {
    const ctrlC = new AbortController();
    const running = machine.run(["--grace", "60", "--", "sleep", "3671.25"], { ctrlC });
    await machine.printed(`- ${launches.length - 1}: 0%`);
    ctrlC.abort("SIGINT");
    const run = await running;
    assert.deepEqual([run.code, run.json.status], [130, "interrupted"]);
    assert.equal(await measured(machine), launches.length);
  });
});
