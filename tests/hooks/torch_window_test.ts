import assert from "node:assert/strict";
import { inFolder } from "../folders.ts";
import { writeFakeVllm } from "./fake_vllm.ts";
import { HOOKS } from "./python.ts";

interface Seen {
  stdout: string;
  stderr: string;
  window: Record<string, unknown> | undefined;
}

/** Runs a script as a program of the user's, with the hook's window set. */
async function run(script: string, call = 1, engine?: Record<string, unknown>): Promise<Seen> {
  return await inFolder(async (dir) => {
    await writeFakeVllm(`${dir}/site`);
    const setup = `
import json
from vscope_hooks.plugin import load
load()
from vllm.entrypoints.llm import LLM
`;
    await Deno.writeTextFile(`${dir}/script.py`, setup + script.replaceAll("$DIR", dir));
    const { stdout, stderr } = await new Deno.Command("python3", {
      args: [`${dir}/script.py`],
      env: {
        PYTHONPATH: `${HOOKS}:${dir}/site`,
        PYTHONDONTWRITEBYTECODE: "1",
        VLLM_ENABLE_PROFILING: "0",
        VSCOPE_TORCH_WINDOW: JSON.stringify({
          control: dir,
          call,
          config: { profiler: "torch", torch_profiler_dir: "/t", later_field: 1 },
          ...(engine ? { engine } : {}),
        }),
      },
      stdout: "piped",
      stderr: "piped",
    }).output();
    const decoder = new TextDecoder();
    const window = await Deno.readTextFile(`${dir}/window.json`).then(JSON.parse).catch(() =>
      undefined
    );
    return { stdout: decoder.decode(stdout).trim(), stderr: decoder.decode(stderr), window };
  });
}

const told = ({ stdout, stderr }: Seen) => stderr === "" ? JSON.parse(stdout) : stderr;

Deno.test("the call that was asked for is bracketed, and no other", async () => {
  const script = `
llm = LLM()
answers = [llm.generate(["a"]) for _ in range(3)]
print(json.dumps(llm.told))`;
  const once = ["generate", "step"];
  const first = await run(script);
  assert.deepEqual(told(first), ["start", ...once, "stop", ...once, ...once]);
  assert.deepEqual([first.window?.["state"], first.window?.["ended"]], [
    "done",
    "the script's call had ended",
  ]);
  assert.deepEqual(told(await run(script, 2)), [...once, "start", ...once, "stop", ...once]);
  const late = await run(script, 4);
  assert.deepEqual(told(late), [...once, ...once, ...once]);
  assert.deepEqual([late.window?.["state"], late.window?.["calls"]], ["waiting", 3]);
});

Deno.test("a call within a call is part of it, and the method is what it was", async () => {
  assert.deepEqual(
    told(
      await run(`
llm = LLM()
llm.beam_search(["a"])
print(json.dumps([llm.told, LLM.generate.__doc__, LLM.generate.__name__]))`),
    ),
    [["start", "generate", "step", "generate", "step", "stop"], "The original.", "generate"],
  );
});

Deno.test("an engine without a profiler gets ours, less the fields that it lacks; its own stays", async () => {
  assert.deepEqual(
    told(
      await run(`
from vllm.config import ProfilerConfig
ours = LLM().config
own = LLM(ProfilerConfig("torch", "/own")).config
print(json.dumps([ours.profiler, ours.torch_profiler_dir, own.torch_profiler_dir]))`),
    ),
    ["torch", "/t", "/own"],
  );
  const other = await run(`
from vllm.config import ProfilerConfig
llm = LLM(ProfilerConfig("cuda"))
llm.generate(["a"])
print(json.dumps([llm.config.profiler, llm.told]))`);
  assert.deepEqual(told(other), ["cuda", ["generate", "step"]]);
  assert.equal(other.window?.["state"], "left_alone");
});

Deno.test("a script that starts the profiler itself is left alone", async () => {
  const seen = await run(`
llm = LLM()
llm.generate(["warm up"])
llm.start_profile()
llm.generate(["a"])
llm.stop_profile()
print(json.dumps(llm.told))`);
  const once = ["generate", "step"];
  assert.deepEqual(told(seen), [...once, "start", ...once, "stop"]);
  assert.equal(seen.window?.["state"], "left_alone");
  // Also where its file does not say so.
  const hidden = await run(`
llm = LLM()
llm.generate(["a"], between=lambda: getattr(llm, "start_" + "profile")())
print(json.dumps(llm.told))`);
  assert.deepEqual(told(hidden), ["start", "generate", "step", "stop", "start"]);
  assert.equal(hidden.window?.["state"], "left_alone");
});

Deno.test("vscope ends it from outside, between two steps", async () => {
  const seen = await run(`
import time
def between():
    open("$DIR/stop", "w").close()
    time.sleep(0.15)
llm = LLM()
llm.generate(["a", "b", "c"], between)
print(json.dumps(llm.told))`);
  assert.deepEqual(told(seen), ["start", "generate", "step", "step", "stop", "step"]);
  assert.equal(seen.window?.["ended"], "vscope stopped it");
});

Deno.test("what fails in the hook or in the script changes nothing of the other", async () => {
  const refused = await run(`
llm = LLM(broken=True)
print(json.dumps([llm.generate(["a"]), llm.told]))`);
  assert.deepEqual(told(refused), [["a"], ["generate", "step"]]);
  assert.deepEqual(refused.window?.["reason"], "RuntimeError: no profiler");
  const raised = await run(`
llm = LLM()
try:
    llm.generate(["bad"])
except ValueError as error:
    print(json.dumps([str(error), llm.told]))`);
  assert.deepEqual(told(raised), ["a bad prompt", ["start", "generate", "step", "stop"]]);
  const unwritable = await run(`
import os, shutil
import vscope_hooks.torch_window as window
window._window.control = "/nowhere"
llm = LLM()
print(json.dumps([llm.generate(["a"]), llm.told[:1]]))`);
  assert.equal(unwritable.stderr, "");
  assert.deepEqual(JSON.parse(unwritable.stdout)[0], ["a"]);
});

Deno.test("an engine gets what the script leaves as it is, and keeps what it sets", async () => {
  const wish = { enforce_eager: true, kv_cache_memory_bytes: 9, max_model_len: -1, unheard_of: 1 };
  const engineOf = async (given: string) => {
    const seen = await run(
      `
args = LLM(${given}).args
LLM().generate(["a"])
print(json.dumps([args.enforce_eager, args.kv_cache_memory_bytes, args.max_model_len]))`,
      1,
      wish,
    );
    return [told(seen), seen.window?.["engine"]];
  };
  const { unheard_of: _, ...known } = wish;
  assert.deepEqual(await engineOf(""), [[true, 9, -1], known]);
  assert.deepEqual((await engineOf("max_model_len=64"))[0], [true, 9, 64]);
  // With a KV cache of the script's own, its length is no affair of ours.
  assert.deepEqual((await engineOf("num_gpu_blocks_override=4"))[0], [true, null, null]);
  assert.deepEqual((await engineOf("kv_cache_memory_bytes=5"))[0], [true, 5, null]);
  assert.deepEqual(told(await run("print(json.dumps(LLM().args.enforce_eager))")), false);
});
