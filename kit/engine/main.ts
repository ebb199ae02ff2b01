/**
 * How a command becomes a process: the context is made, the command run, the exit code given.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { notAllowed } from "../contract/errors.ts";
import type { Options } from "../contract/option.ts";
import { executeRecipe } from "../contract/execute.ts";
import type { Recipe } from "../contract/recipe.ts";
import { systemContext, talkOf } from "./system/context.ts";
import { GUARD_ARGUMENT } from "./system/guard.ts";
import { UNIT_ARGUMENT } from "../fleet/unit_argument.ts";

/** Runs `command` with the real context, and exits with its code. */
export async function exitWith(
  argv: readonly string[],
  command: (context: RunContext) => Promise<number>,
): Promise<never> {
  if (argv[0] === GUARD_ARGUMENT) {
    const { guardMain } = await import("./system/guard.ts");
    await guardMain(argv.slice(1));
  }
  const { context, close } = begin(argv);
  let code = 1;
  try {
    code = argv[0] === UNIT_ARGUMENT
      ? await (await import("./fleet/unit_main.ts")).runUnit(argv.slice(1), context)
      : await command(context);
  } finally {
    await close();
  }
  Deno.exit(code);
}

/** The context; where Deno allows too little to make one, that is said in one sentence. */
function begin(argv: readonly string[]): ReturnType<typeof systemContext> {
  try {
    return systemContext(talkOf(argv, Deno.env.toObject()));
  } catch (error) {
    const refused = notAllowed(error);
    if (!refused) throw error;
    Deno.stderr.writeSync(new TextEncoder().encode(`vscope: ${refused.message}\n`));
    Deno.exit(2);
  }
}

/**
 * What a recipe's file does when it is run alone: `if (import.meta.main) await runAlone(recipe)`.
 *
 * @example The end of a file that holds a recipe
 * ```ts
 * import { runAlone } from "@vscope/vscope";
 * import recipe from "@vscope/vscope/recipes/monitor";
 *
 * if (import.meta.main) await runAlone(recipe);
 * ```
 */
export async function runAlone<O extends Options>(recipe: Recipe<O>): Promise<never> {
  return await exitWith(Deno.args, (context) => executeRecipe(recipe, Deno.args, context));
}
