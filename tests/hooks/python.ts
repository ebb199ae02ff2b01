/** Runs Python with the hooks on PYTHONPATH, for tests that need no vLLM. */

import { fileURLToPath } from "node:url";

/** Folder of the Python package. */
export const HOOKS = fileURLToPath(new URL("../../hooks", import.meta.url));

/** What a Python process printed and how it ended. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a Python text; `env` is all of its environment but PATH. */
export async function python(
  code: string,
  env: Record<string, string> = {},
  args: string[] = [],
): Promise<Ran> {
  const output = await new Deno.Command("python3", {
    args: ["-c", code, ...args],
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: Deno.env.get("HOME") ?? "",
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONPATH: HOOKS,
      ...env,
    },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}
