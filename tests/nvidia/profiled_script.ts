/** A script of the user's with an LLM whose profiler tells a stand-in what CUDA's would. */

import type { RecipeRun } from "../engine/run_recipe.ts";
import type { ToolMachine } from "./tool_machine.ts";

const CUDA = `
import os, time
from vllm.entrypoints.llm import LLM
from vllm.v1.engine.llm_engine import LLMEngine
def tell(word):
    with open(os.environ["STAND_IN_CUDA_RANGE"], "a") as handle:
        handle.write(word + "\\n")
    time.sleep(0.2)
LLM.start_profile = lambda llm: tell("start")
def stop(owner):
    tell("stop")
    # Nobody waits for the steps that follow.
    os.environ["FAKE_STEP_SECONDS"] = "0"
LLM.stop_profile = LLMEngine.stop_profile = stop
`;

const BEGINNING = `
import os
from cuda_of_the_tests import LLM
llm = LLM()
print("PROFILER", llm.config and llm.config.profiler)
`;

/** Runs the tool on a script that goes on with this text. */
export async function runScript<Capture>(
  machine: ToolMachine<Capture>,
  text: string,
  args: string[] = [],
): Promise<RecipeRun<Capture>> {
  const path = `${machine.dir}/script.py`;
  await Deno.writeTextFile(`${machine.dir}/cuda_of_the_tests.py`, CUDA);
  await Deno.writeTextFile(path, BEGINNING + text);
  return await machine.run([...args, "--", machine.python, path]);
}
