/** A machine with a stand-in for ncu, and runs of the recipe on it. */

import type { NcuCapture } from "../../kit/engine/ncu/capture_facts.ts";
import recipe from "../../recipes/ncu.ts";
import type { RecipeRun } from "../engine/run_recipe.ts";
import {
  type Mode,
  onToolMachine,
  type ToolMachine,
  writeStandIn,
} from "../nvidia/tool_machine.ts";
import { tableToHandOver } from "./recorded_table.ts";

/** A run of the recipe. */
export type NcuRun = RecipeRun<NcuCapture>;

/** A machine. */
export type NcuMachine = ToolMachine<NcuCapture>;

/** Puts the stand-in into a folder, with a table to hand over; gives the folder for PATH. */
export async function installNcu(home: string, mode: Mode = {}): Promise<string> {
  const program = new URL("stand_in.py", import.meta.url);
  const bin = await writeStandIn(home, { name: "ncu", program, mode });
  await Deno.writeFile(`${home}/raw.csv.gz`, await tableToHandOver());
  return bin;
}

/** Makes a machine and uses it. */
export async function onNcu(
  mode: Mode,
  server: Record<string, unknown>,
  use: (machine: NcuMachine) => Promise<void>,
): Promise<void> {
  const tool = { name: "ncu", recipe, install: (home: string) => installNcu(home, mode) };
  await onToolMachine<NcuCapture>(tool, server, use);
}
