/** Runs a recipe in this process, with a Ctrl-C that a test can press. */

import type { RunContext } from "../../kit/contract/context.ts";
import { executeRecipe } from "../../kit/contract/execute.ts";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import type { Manifest } from "../../kit/bundle/manifest.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { CLI } from "../cli.ts";

/** A run of a recipe. */
export interface RecipeRun<Capture> {
  code: number;
  /** The one document of `--json`. */
  json: Record<string, unknown> & { status?: string; error?: { message: string } };
  said: string[];
  manifest: Manifest | undefined;
  capture: Capture;
  /** Messages of the notes, as one text. */
  notes: string;
}

/** Runs `vscope RECIPE ARGS` in a folder and waits for its end; `out` is its bundle. */
export async function runRecipe<Capture>(
  recipe: Parameters<typeof executeRecipe>[0],
  args: string[],
  where: {
    cwd: string;
    out: string;
    env: Record<string, string>;
    ctrlC?: AbortController;
    clock?: RunContext["clock"];
    /** Takes what is said, as it comes. */
    said?: string[];
    files?: RunContext["files"];
  },
): Promise<RecipeRun<Capture>> {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false }, CLI);
  const said = where.said ?? [];
  const say = (text: string) => void said.push(text);
  let document = "{}";
  const own: RunContext = {
    ...context,
    env: where.env,
    cwd: where.cwd,
    clock: where.clock ?? context.clock,
    files: where.files ?? context.files,
    signal: where.ctrlC?.signal ?? context.signal,
    output: {
      ...context.output,
      result: (text) => document = text,
      note: say,
      warn: say,
      error: say,
      progress: say,
    },
  };
  try {
    const code = await executeRecipe(recipe, args, own);
    const manifest = await readManifest(Deno, where.out);
    return {
      code,
      json: JSON.parse(document),
      said,
      manifest,
      capture: manifest?.capture as unknown as Capture,
      notes: (manifest?.notes ?? []).map(({ message }) => message).join("\n"),
    };
  } finally {
    await close();
  }
}
