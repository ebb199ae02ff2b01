/** Runs the recipe in this process, with a Ctrl-C that a test can press. */

import type { RunContext } from "../../../kit/contract/context.ts";
import { executeRecipe } from "../../../kit/contract/execute.ts";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import type { Manifest } from "../../../kit/bundle/manifest.ts";
import { systemContext } from "../../../kit/engine/context.ts";
import type { TorchCapture } from "../../../kit/engine/torch/capture_facts.ts";
import recipe from "../../../recipes/torch.ts";

/** A run of the recipe. */
export interface TorchRun {
  code: number;
  /** The one document of `--json`. */
  json: Record<string, unknown> & { status?: string; error?: { message: string } };
  said: string[];
  manifest: Manifest | undefined;
  capture: TorchCapture;
}

/** Runs `vscope torch --json --out <dir>/run ARGS` and waits for its end. */
export async function runTorch(
  dir: string,
  args: string[],
  options: { env?: Record<string, string>; ctrlC?: AbortController } = {},
): Promise<TorchRun> {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  let document = "{}";
  const own: RunContext = {
    ...context,
    env: { PATH: context.env["PATH"] ?? "", ...options.env },
    cwd: dir,
    signal: options.ctrlC?.signal ?? context.signal,
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
    const out = `${dir}/run`;
    const code = await executeRecipe(recipe, ["--json", "--out", out, ...args], own);
    const manifest = await readManifest(Deno, out);
    return {
      code,
      json: JSON.parse(document),
      said,
      manifest,
      capture: manifest?.capture as unknown as TorchCapture,
    };
  } finally {
    await close();
  }
}

/** Notes of a bundle, as one text. */
export function notesOf({ manifest }: TorchRun): string {
  return (manifest?.notes ?? []).map(({ message }) => message).join("\n");
}
