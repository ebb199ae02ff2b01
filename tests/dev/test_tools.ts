/**
 * What tests need beyond the registries of npm and Python: installed where we may, named where not.
 *
 * @module
 */

import { say } from "./run.ts";

const TOOLS: { program: string; debian: string; needed: string }[] = [
  { program: "chromium", debian: "chromium", needed: "looks at reports" },
  { program: "zsh", debian: "zsh", needed: "tries the completions" },
  { program: "fish", debian: "fish", needed: "tries the completions" },
];

async function runs(program: string, args: string[]): Promise<boolean> {
  try {
    const { code } = await new Deno.Command(program, { args, stdout: "null", stderr: "null" })
      .output();
    return code === 0;
  } catch {
    return false;
  }
}

/** Makes the tools available. */
export async function getTools(): Promise<void> {
  const missing: typeof TOOLS = [];
  for (const tool of TOOLS) if (!await runs(tool.program, ["--version"])) missing.push(tool);
  if (missing.length === 0) return;
  if (Deno.uid() === 0 && await runs("apt-get", ["--version"])) {
    await say(`Installing ${missing.map(({ debian }) => debian).join(", ")} for the tests`);
    await runs("apt-get", ["update", "-qq"]);
    await runs("apt-get", ["install", "-y", "-qq", ...missing.map(({ debian }) => debian)]);
  } else {
    for (const { program, needed } of missing) {
      await say(`Please install ${program}: without it the test that ${needed} fails`);
    }
  }
}
