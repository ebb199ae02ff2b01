/** A machine with a stand-in for a tool of NVIDIA's and a vLLM of ours, and runs of recipes on it. */

import { fileURLToPath } from "node:url";
import { findFreePort } from "../../kit/engine/system/free_port.ts";
import { until } from "../engine/processes.ts";
import { type RecipeRun, runRecipe } from "../engine/run_recipe.ts";
import { inFolder } from "../folders.ts";
import { writeFakeVllm } from "../hooks/fake_vllm.ts";
import { ownPython } from "../own_python.ts";

/** A value that must reach no file. */
export const SECRET = "hf_thisisthesecretofthetests";

/** How a stand-in behaves; see stand_in.py of the tool. */
export type Mode = Record<string, unknown>;

/** A machine. */
export interface ToolMachine<Capture> {
  dir: string;
  /** The bundle of a run. */
  out: string;
  port: number;
  /** A server's command. */
  serve: string[];
  /** A Python with a vLLM of ours. */
  python: string;
  env: Record<string, string>;
  /** What the stand-in was called with. */
  calls(): Promise<{ argv: string[]; env: Record<string, string> }[]>;
  /** Waits until the output of the tool and its target has a text. */
  printed(text: string): Promise<void>;
  /** Runs `vscope TOOL ARGS`. */
  vscope(args: string[], options?: ToolRunOptions): Promise<RecipeRun<Capture>>;
  /** Runs `vscope TOOL --json --out <out> ARGS`. */
  run(args: string[], options?: ToolRunOptions): Promise<RecipeRun<Capture>>;
}

/** A Ctrl-C that a test can press, and what takes the words of the run as they come. */
export interface ToolRunOptions {
  ctrlC?: AbortController;
  said?: string[];
}

/** Writes the stand-in's program and behaviour into a folder; gives the folder for PATH. */
export async function writeStandIn(
  home: string,
  tool: { name: string; program: URL; mode: Mode },
): Promise<string> {
  await Deno.mkdir(`${home}/bin`, { recursive: true });
  await Deno.writeTextFile(`${home}/mode.json`, JSON.stringify(tool.mode));
  const program = fileURLToPath(tool.program);
  await writeProgram(
    `${home}/bin/${tool.name}`,
    `#!/bin/sh\nexec "${await ownPython()}" "${program}" "${home}" "$@"\n`,
  );
  return `${home}/bin`;
}

/**
 * Makes a machine and uses it.
 *
 * @param tool.install Puts its stand-in into a folder; gives the folder for PATH.
 * @param server How the server behaves; see fake_server.py.
 */
export async function onToolMachine<Capture>(
  tool: {
    name: string;
    recipe: Parameters<typeof runRecipe>[0];
    install(home: string): Promise<string>;
  },
  server: Record<string, unknown>,
  use: (machine: ToolMachine<Capture>) => Promise<void>,
): Promise<void> {
  await inFolder(async (dir) => {
    const bin = await tool.install(`${dir}/${tool.name}`);
    await writeFakeVllm(`${dir}/site`);
    const python = `${bin}/python3`;
    await writeProgram(
      python,
      `#!/bin/sh\nexport PYTHONDONTWRITEBYTECODE=1\n` +
        `PYTHONPATH="$PYTHONPATH:${dir}/site" exec "${await ownPython()}" "$@"\n`,
    );
    await Deno.writeTextFile(`${bin}/server.json`, JSON.stringify(server));
    const program = await Deno.readTextFile(new URL("fake_server.py", import.meta.url));
    await writeProgram(`${bin}/vllm`, `#!${python}\n${program}`);
    const port = findFreePort();
    const out = `${dir}/run`;
    const env = {
      PATH: `${bin}:${Deno.env.get("PATH")}`,
      HOME: dir,
      HF_TOKEN: SECRET,
      MY_DATABASE: "a-variable-that-nobody-needs",
    };
    const vscope: ToolMachine<Capture>["vscope"] = (args, options = {}) =>
      runRecipe(tool.recipe, args, { cwd: dir, out, env, ...options });
    const said = () => Deno.readTextFile(`${out}/logs/stdout.log`).catch(() => "");
    await use({
      ...{ dir, out, port, python, env, vscope },
      serve: ["vllm", "serve", "Fake/1B", "--port", String(port)],
      async calls() {
        const text = await Deno.readTextFile(`${dir}/${tool.name}/calls.jsonl`).catch(() => "");
        return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
      },
      printed: (text) =>
        until(`${tool.name} prints ${text}`, 120_000, async () => (await said()).includes(text)),
      run: (args, options) => vscope(["--json", "--out", out, ...args], options),
    });
  });
}

async function writeProgram(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { mode: 0o755 });
}
