/** A machine with a stand-in for nsys, a server of ours, and runs of the automation on it. */

import type { StageRecord } from "../../kit/bundle/manifest.ts";
import full from "../../recipes/full.ts";
import quick from "../../recipes/quick.ts";
import { type RecipeRun, runRecipe } from "../engine/run_recipe.ts";
import { installNcu } from "../ncu/on_ncu.ts";
import { type NsysMachine, onNsys } from "../nsys/on_nsys.ts";
import type { Mode } from "../nvidia/tool_machine.ts";

/** A run of a recipe of the automation. */
export interface AutomationRun extends RecipeRun<undefined> {
  /** Name and status of each stage. */
  stages: Record<string, string | undefined>;
}

/** A machine. */
export interface AutomationMachine extends Omit<NsysMachine, "run" | "stop" | "serve" | "port"> {
  /** A folder with a config.json and no weights. */
  model: string;
  /** How often nsys was asked to do something, as `profile`. */
  asked(verb: string): Promise<number>;
  /** Makes the stand-in of nsys behave otherwise. */
  become(mode: Mode): Promise<void>;
  /** How often ncu was asked to measure. */
  measured(): Promise<number>;
  /** Runs `vscope quick|full --json --out <out> --model <model> --load-format dummy ARGS`. */
  run(
    recipe: "quick" | "full",
    args?: string[],
    options?: { ctrlC?: AbortController; out?: string },
  ): Promise<AutomationRun>;
}

/** A small load. */
export const FEW = ["--requests", "4", "--concurrency", "2", "--prompt-tokens", "8"];

const recipes = { quick, full } as unknown as Record<string, Parameters<typeof runRecipe>[0]>;

/** Makes a machine and uses it. */
export async function onAutomation(
  mode: Mode,
  server: Record<string, unknown>,
  use: (machine: AutomationMachine) => Promise<void>,
): Promise<void> {
  await onNsys(mode, server, async (machine) => {
    const { dir } = machine;
    const bin = await installNcu(`${dir}/ncu`);
    const env = { ...machine.env, PATH: `${bin}:${machine.env["PATH"]}` };
    const model = `${dir}/model`;
    await Deno.mkdir(model);
    await Deno.writeTextFile(`${model}/config.json`, '{"model_type": "qwen3"}');
    await use({
      ...machine,
      env,
      model,
      async measured() {
        const text = await Deno.readTextFile(`${dir}/ncu/calls.jsonl`).catch(() => "");
        return text.split("\n").filter((line) => line.includes('"--export"')).length;
      },
      asked: async (verb) => (await machine.calls()).filter(({ argv }) => argv[0] === verb).length,
      async become(next) {
        // A session of one that died has our pid, too.
        await Deno.remove(`${dir}/nsys/sessions`, { recursive: true }).catch(() => {});
        await Deno.writeTextFile(`${dir}/nsys/mode.json`, JSON.stringify(next));
      },
      async run(recipe, args = [], { ctrlC, out = machine.out } = {}) {
        const ran = await runRecipe<undefined>(
          recipes[recipe]!,
          ["--json", "--out", out, "--model", model, "--load-format", "dummy", ...FEW, ...args],
          { cwd: dir, out, env, ...(ctrlC ? { ctrlC } : {}) },
        );
        const stages = (ran.manifest?.stages ?? []).map(
          ({ name, status }: StageRecord) => [name, status],
        );
        return { ...ran, stages: Object.fromEntries(stages) };
      },
    });
  });
}
