/** A machine with a stand-in for nsys, and runs of the recipe on it. */

import type { NsysCapture } from "../../kit/engine/nsys/capture_facts.ts";
import recipe from "../../recipes/nsys.ts";
import type { RecipeRun } from "../engine/run_recipe.ts";
import {
  type Mode,
  onToolMachine,
  type ToolMachine,
  writeStandIn,
} from "../nvidia/tool_machine.ts";

/** A run of the recipe. */
export type NsysRun = RecipeRun<NsysCapture>;

/** A machine. */
export interface NsysMachine extends ToolMachine<NsysCapture> {
  /** Runs `vscope nsys stop --json ARGS`. */
  stop(...args: string[]): Promise<NsysRun>;
}

/** Puts the stand-in into a folder, with a recorded export to hand over; gives the folder for PATH. */
export async function installNsys(home: string, mode: Mode = {}): Promise<string> {
  const program = new URL("stand_in.py", import.meta.url);
  const bin = await writeStandIn(home, { name: "nsys", program, mode });
  await Deno.copyFile(
    new URL("../analysis/nsys/fixtures/experts-eager.sqlite.gz", import.meta.url),
    `${home}/export.sqlite.gz`,
  );
  return bin;
}

/** Makes a machine and uses it. */
export async function onNsys(
  mode: Mode,
  server: Record<string, unknown>,
  use: (machine: NsysMachine) => Promise<void>,
): Promise<void> {
  const tool = { name: "nsys", recipe, install: (home: string) => installNsys(home, mode) };
  await onToolMachine<NsysCapture>(tool, server, async (machine) => {
    await use({ ...machine, stop: (...args) => machine.vscope(["stop", "--json", ...args]) });
  });
}
