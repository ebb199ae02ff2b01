/** A Mac made of stand-ins on PATH, because there is none to test on. */

import { fileURLToPath } from "node:url";
import { findFreePort } from "../../kit/engine/system/free_port.ts";
import { type Ran, startVscope, vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";

const FIXTURES = fileURLToPath(new URL("./fixtures", import.meta.url));

/** A Mac; every part of it can be another. */
export interface MacParts {
  system?: string;
  machine?: string;
  /** What `xcode-select -p` prints; made as a folder where it ends like an Xcode. */
  developer?: string;
  freeBytes?: number;
  /** Programs to be there as well: shell scripts by name. */
  programs?: Record<string, string>;
}

/** A Mac that is ready. */
export interface Mac {
  dir: string;
  /** What `open` was asked for, a line each. */
  opened(): Promise<string[]>;
  env: Record<string, string>;
  run(args: string[], env?: Record<string, string>): Promise<Ran>;
  start(args: string[], env?: Record<string, string>): Deno.ChildProcess;
}

/** Runs `use` on a Mac that is thrown away afterwards. */
export async function onMac(parts: MacParts, use: (mac: Mac) => Promise<void>): Promise<void> {
  await inFolder(async (dir) => {
    const bin = `${dir}/bin`;
    await Deno.mkdir(bin);
    const xcode = `${dir}/Xcode.app/Contents/Developer`;
    await Deno.mkdir(xcode, { recursive: true });
    const free = Math.floor((parts.freeBytes ?? 500e9) / 1024);
    const programs: Record<string, string> = {
      uname: `[ "$1" = -m ] && echo ${parts.machine ?? "arm64"} || echo ${
        parts.system ?? "Darwin"
      }`,
      sw_vers: "echo 15.6",
      "xcode-select": `echo "${parts.developer ?? xcode}"`,
      df: `[ -e "${dir}/full" ] && free=100 || free=${free}\n` +
        `echo "Filesystem 1024-blocks Used Available Capacity Mounted on"\n` +
        `echo "/dev/disk3s5 971350180 300 $free 42% /System/Volumes/Data"`,
      open: `echo "$@" >> "${dir}/opened"`,
      vllm: `exec python3 "${FIXTURES}/fake_vllm.py" "$@"`,
      ...parts.programs,
    };
    for (const [name, script] of Object.entries(programs)) {
      await Deno.writeTextFile(`${bin}/${name}`, `#!/bin/sh\n${script}\n`);
      await Deno.chmod(`${bin}/${name}`, 0o755);
    }
    const env = { PATH: `${bin}:${Deno.env.get("PATH")}`, HF_HOME: `${dir}/hf` };
    await use({
      dir,
      env,
      opened: async () =>
        (await Deno.readTextFile(`${dir}/opened`).catch(() => "")).split("\n").filter(Boolean),
      run: (args, more = {}) => vscope(args, { cwd: dir, env: { ...env, ...more } }),
      start: (args, more = {}) => startVscope(args, { cwd: dir, env: { ...env, ...more } }),
    });
  });
}

/** A port that nobody listens on. */
export function freePort(): string {
  return String(findFreePort());
}

/** Options that make a capture from a stand-in quick, which writes its trace before it answers. */
export const QUICK = ["--settle", "250ms", "--grace", "60s"];

/** Of one that goes on writing: a busy machine may hold it up for longer than that. */
export const PATIENT = ["--settle", "3s", "--grace", "60s"];
