/** A machine with a stand-in for ncu and a vLLM of ours, and runs of the recipe on it. */

import { ownPython } from "../own_python.ts";
import { fileURLToPath } from "node:url";
import { findFreePort } from "../../kit/engine/free_port.ts";
import type { NcuCapture } from "../../kit/engine/ncu/capture_facts.ts";
import recipe from "../../recipes/ncu.ts";
import { until } from "../engine/processes.ts";
import { type RecipeRun, runRecipe } from "../engine/run_recipe.ts";
import { inFolder } from "../folders.ts";
import { writeFakeVllm } from "../hooks/fake_vllm.ts";
import { tableToHandOver } from "./recorded_table.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A value that must reach no file. */
export const SECRET = "hf_thisisthesecretofthetests";

/** A run of the recipe. */
export type NcuRun = RecipeRun<NcuCapture>;

/** A machine. */
export interface NcuMachine {
  dir: string;
  /** The bundle of a run. */
  out: string;
  port: number;
  /** A server's command. */
  serve: string[];
  /** A Python with a vLLM of ours. */
  python: string;
  /** What the stand-in was called with. */
  calls(): Promise<{ argv: string[]; env: Record<string, string> }[]>;
  /** Waits until the output of ncu and its target has a text. */
  printed(text: string): Promise<void>;
  /** Runs `vscope ncu --json --out <out> ARGS`. */
  run(args: string[], options?: { ctrlC?: AbortController }): Promise<NcuRun>;
}

/** Puts the stand-in into a folder, with a table to hand over; gives the folder for PATH. */
export async function installNcu(
  home: string,
  mode: Record<string, unknown> = {},
): Promise<string> {
  await Deno.mkdir(`${home}/bin`, { recursive: true });
  await Deno.writeTextFile(`${home}/mode.json`, JSON.stringify(mode));
  await Deno.writeFile(`${home}/raw.csv.gz`, await tableToHandOver());
  await Deno.writeTextFile(
    `${home}/bin/ncu`,
    `#!/bin/sh\nexec "${await ownPython()}" "${here("stand_in.py")}" "${home}" "$@"\n`,
    { mode: 0o755 },
  );
  return `${home}/bin`;
}

/** Makes a machine and uses it. */
export async function onNcu(
  mode: Record<string, unknown>,
  server: Record<string, unknown>,
  use: (machine: NcuMachine) => Promise<void>,
): Promise<void> {
  await inFolder(async (dir) => {
    const bin = await installNcu(`${dir}/ncu`, mode);
    await writeFakeVllm(`${dir}/site`);
    const python = `${bin}/python3`;
    await Deno.writeTextFile(
      python,
      `#!/bin/sh\nexport PYTHONDONTWRITEBYTECODE=1\n` +
        `PYTHONPATH="$PYTHONPATH:${dir}/site" exec "${await ownPython()}" "$@"\n`,
      { mode: 0o755 },
    );
    await Deno.writeTextFile(`${bin}/server.json`, JSON.stringify(server));
    const program = await Deno.readTextFile(here("../nsys/fake_server.py"));
    await Deno.writeTextFile(`${bin}/vllm`, `#!${python}\n${program}`, { mode: 0o755 });
    const port = findFreePort();
    const out = `${dir}/run`;
    const env = {
      PATH: `${bin}:${Deno.env.get("PATH")}`,
      HOME: dir,
      HF_TOKEN: SECRET,
      MY_DATABASE: "a-variable-that-nobody-needs",
    };
    await use({
      dir,
      out,
      port,
      python,
      serve: ["vllm", "serve", "Fake/1B", "--port", String(port)],
      async calls() {
        const text = await Deno.readTextFile(`${dir}/ncu/calls.jsonl`).catch(() => "");
        return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
      },
      printed: (text) =>
        until(
          `ncu prints ${text}`,
          20_000,
          async () =>
            (await Deno.readTextFile(`${out}/logs/stdout.log`).catch(() => "")).includes(text),
        ),
      run: (args, options) =>
        runRecipe(recipe, ["--json", "--out", out, ...args], {
          cwd: dir,
          out,
          env,
          ...(options?.ctrlC ? { ctrlC: options.ctrlC } : {}),
        }),
    });
  });
}
