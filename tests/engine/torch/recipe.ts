/** Runs the recipe in this process, with a Ctrl-C that a test can press. */

import type { TorchCapture } from "../../../kit/engine/torch/capture_facts.ts";
import recipe from "../../../recipes/torch.ts";
import { type RecipeRun, runRecipe } from "../run_recipe.ts";

/** A run of the recipe. */
export type TorchRun = RecipeRun<TorchCapture>;

/** Runs `vscope torch --json --out <dir>/run ARGS` and waits for its end. */
export async function runTorch(
  dir: string,
  args: string[],
  options: { env?: Record<string, string>; ctrlC?: AbortController } = {},
): Promise<TorchRun> {
  const out = `${dir}/run`;
  return await runRecipe(recipe, ["--json", "--out", out, ...args], {
    ...options,
    cwd: dir,
    out,
    env: { PATH: Deno.env.get("PATH") ?? "", ...options.env },
  });
}
