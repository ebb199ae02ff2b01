/** A machine with a stand-in for nsys and a vLLM of ours, and runs of the recipe on it. */

import { fileURLToPath } from "node:url";
import type { RunContext } from "../../kit/contract/context.ts";
import { executeRecipe } from "../../kit/contract/execute.ts";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import type { Manifest } from "../../kit/bundle/manifest.ts";
import { systemContext } from "../../kit/engine/context.ts";
import { findFreePort } from "../../kit/engine/free_port.ts";
import type { NsysCapture } from "../../kit/engine/nsys/capture_facts.ts";
import recipe from "../../recipes/nsys.ts";
import { inFolder } from "../folders.ts";
import { writeFakeVllm } from "../hooks/fake_vllm.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A value that must reach no file. */
export const SECRET = "hf_thisisthesecretofthetests";

/** How the stand-in behaves; see stand_in.py. */
export type Mode = Record<string, unknown>;

/** A run of the recipe. */
export interface NsysRun {
  code: number;
  /** The one document of `--json`. */
  json: Record<string, unknown> & { status?: string; error?: { message: string } };
  said: string[];
  manifest: Manifest | undefined;
  capture: NsysCapture;
  /** Messages of the notes, as one text. */
  notes: string;
}

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
        `PYTHONPATH="$PYTHONPATH:${dir}/site" exec /usr/bin/python3 "$@"\n`,
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
    const runs = runner(dir, env);
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
      run: (args, options) => runs(["--json", "--out", out, ...args], out, options?.ctrlC),
      stop: (...args) => runs(["stop", "--json", ...args], out),
    });
  });
}

function runner(dir: string, env: Record<string, string>) {
  return async (args: string[], out: string, ctrlC?: AbortController): Promise<NsysRun> => {
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const said: string[] = [];
    const say = (text: string) => void said.push(text);
    let document = "{}";
    const own: RunContext = {
      ...context,
      env,
      cwd: dir,
      signal: ctrlC?.signal ?? context.signal,
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
      const manifest = await readManifest(Deno, out);
      return {
        code,
        json: JSON.parse(document),
        said,
        manifest,
        capture: manifest?.capture as unknown as NsysCapture,
        notes: (manifest?.notes ?? []).map(({ message }) => message).join("\n"),
      };
    } finally {
      await close();
    }
  };
}
