/** A machine with a stand-in for nsys and a vLLM of ours, and runs of the recipe on it. */

import { ownPython } from "../own_python.ts";
import { fileURLToPath } from "node:url";
import { findFreePort } from "../../kit/engine/free_port.ts";
import type { NsysCapture } from "../../kit/engine/nsys/capture_facts.ts";
import recipe from "../../recipes/nsys.ts";
import { until } from "../engine/processes.ts";
import { type RecipeRun, runRecipe } from "../engine/run_recipe.ts";
import { inFolder } from "../folders.ts";
import { writeFakeVllm } from "../hooks/fake_vllm.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A value that must reach no file. */
export const SECRET = "hf_thisisthesecretofthetests";

/** How the stand-in behaves; see stand_in.py. */
export type Mode = Record<string, unknown>;

/** A run of the recipe. */
export type NsysRun = RecipeRun<NsysCapture>;

/** A machine. */
export interface NsysMachine {
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
  /** Waits until the output of nsys and its target has a text. */
  printed(text: string): Promise<void>;
  /** Runs `vscope nsys --json --out <out> ARGS`. */
  run(args: string[], options?: { ctrlC?: AbortController }): Promise<NsysRun>;
  /** Runs `vscope nsys stop --json ARGS`. */
  stop(...args: string[]): Promise<NsysRun>;
}

/** Puts the stand-in into a folder, with a recorded export to hand over. */
export async function installStandIn(home: string, mode: Mode = {}): Promise<string> {
  await Deno.mkdir(`${home}/bin`, { recursive: true });
  await Deno.writeTextFile(`${home}/mode.json`, JSON.stringify(mode));
  await Deno.copyFile(
    here("../analysis/nsys/fixtures/experts-eager.sqlite.gz"),
    `${home}/export.sqlite.gz`,
  );
  await Deno.writeTextFile(
    `${home}/bin/nsys`,
    `#!/bin/sh\nexec /usr/bin/env python3 "${here("stand_in.py")}" "${home}" "$@"\n`,
    { mode: 0o755 },
  );
  return `${home}/bin`;
}

/** Makes a machine and uses it. */
export async function onNsys(
  mode: Mode,
  server: Record<string, unknown>,
  use: (machine: NsysMachine) => Promise<void>,
): Promise<void> {
  await inFolder(async (dir) => {
    const bin = await installStandIn(`${dir}/nsys`, mode);
    await writeFakeVllm(`${dir}/site`);
    const python = `${bin}/python3`;
    await Deno.writeTextFile(
      python,
      `#!/bin/sh\nexport PYTHONDONTWRITEBYTECODE=1\n` +
        `PYTHONPATH="$PYTHONPATH:${dir}/site" exec "${await ownPython()}" "$@"\n`,
      { mode: 0o755 },
    );
    await Deno.writeTextFile(`${bin}/server.json`, JSON.stringify(server));
    const program = await Deno.readTextFile(here("fake_server.py"));
    await Deno.writeTextFile(`${bin}/vllm`, `#!${python}\n${program}`, { mode: 0o755 });
    const port = findFreePort();
    const out = `${dir}/run`;
    const env = {
      PATH: `${bin}:${Deno.env.get("PATH")}`,
      HOME: dir,
      HF_TOKEN: SECRET,
      MY_DATABASE: "a-variable-that-nobody-needs",
    };
    const runs = (args: string[], ctrlC?: AbortController): Promise<NsysRun> =>
      runRecipe(recipe, args, { cwd: dir, out, env, ...(ctrlC ? { ctrlC } : {}) });
    await use({
      dir,
      out,
      port,
      python,
      env,
      serve: ["vllm", "serve", "Fake/1B", "--port", String(port)],
      async calls() {
        const text = await Deno.readTextFile(`${dir}/nsys/calls.jsonl`).catch(() => "");
        return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
      },
      printed: (text) =>
        until(
          `nsys prints ${text}`,
          20_000,
          async () =>
            (await Deno.readTextFile(`${out}/logs/stdout.log`).catch(() => "")).includes(text),
        ),
      run: (args, options) => runs(["--json", "--out", out, ...args], options?.ctrlC),
      stop: (...args) => runs(["stop", "--json", ...args]),
    });
  });
}
