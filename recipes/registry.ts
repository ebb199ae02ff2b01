/**
 * The recipes that the command line knows; each is loaded when it is called.
 *
 * @module
 */

import type { Recipe } from "../kit/contract/recipe.ts";

/** A recipe that has not been loaded. */
export interface RecipeEntry {
  /** As it is typed. */
  name: string;
  /** One line. */
  summary: string;
  /** Loads the recipe itself. */
  load(): Promise<{ default: Recipe }>;
}

/**
 * Every recipe, in the order in which a person meets them.
 *
 * @example The list of recipes
 * ```ts
 * import assert from "node:assert/strict";
 * import { type RecipeEntry, recipes } from "@vscope/vscope/recipes";
 *
 * const entry: RecipeEntry = recipes.find(({ name }) => name === "monitor")!;
 * const { default: recipe } = await entry.load();
 * assert.deepEqual([recipe.name, recipe.summary], ["monitor", entry.summary]);
 * ```
 */
export const recipes: readonly RecipeEntry[] = [
  {
    name: "quickstart",
    summary: "a private vLLM, a tiny model, real requests, and the report",
    load: () => import("./quickstart.ts"),
  },
  {
    name: "monitor",
    summary: "any vLLM command with the session profilers",
    load: () => import("./monitor.ts"),
  },
  {
    name: "moe",
    summary: "monitor with expert tracking in depth",
    load: () => import("./moe.ts"),
  },
  {
    name: "torch",
    summary: "torch profiler around real requests, over HTTP or offline",
    load: () => import("./torch.ts"),
  },
  {
    name: "nsys",
    summary: "NVIDIA's nsys around a server or a program, with a bounded recording",
    load: () => import("./nsys.ts"),
  },
  {
    name: "ncu",
    summary: "NVIDIA's ncu on chosen kernels: bandwidth, occupancy, roofline",
    load: () => import("./ncu.ts"),
  },
  {
    name: "quick",
    summary: "the automation: nsys around a load, analysis and report, in about five minutes",
    load: () => import("./quick.ts"),
  },
  {
    name: "full",
    summary: "the automation in full: nsys, experts, with --with-ncu kernels, and one report",
    load: () => import("./full.ts"),
  },
  {
    name: "metal",
    summary: "Apple Silicon: a Metal frame capture around a bounded request",
    load: () => import("./metal.ts"),
  },
  {
    name: "xctrace",
    summary: "Apple Silicon: a whole-process trace with Instruments",
    load: () => import("./xctrace.ts"),
  },
  {
    name: "watch",
    summary: "live view of a running session, and /metrics",
    load: () => import("./watch.ts"),
  },
  {
    name: "sweep",
    summary: "operator-level sweep of one model: what each operator costs at every shape",
    load: () => import("./sweep.ts"),
  },
  {
    name: "sweep-all",
    summary: "operator-level sweeps of many models, TP degrees and variants",
    load: () => import("./sweep_all.ts"),
  },
];
