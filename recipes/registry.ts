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
    load: async () => ({ default: (await import("./quickstart.ts")).default as unknown as Recipe }),
  },
  {
    name: "monitor",
    summary: "any vLLM command with the session profilers",
    load: async () => ({ default: (await import("./monitor.ts")).default as unknown as Recipe }),
  },
  {
    name: "moe",
    summary: "monitor with expert tracking in depth",
    load: async () => ({ default: (await import("./moe.ts")).default as unknown as Recipe }),
  },
  {
    name: "torch",
    summary: "torch profiler around real requests, over HTTP or offline",
    load: async () => ({ default: (await import("./torch.ts")).default as unknown as Recipe }),
  },
  {
    name: "nsys",
    summary: "NVIDIA's nsys around a server or a program, with a bounded recording",
    load: async () => ({ default: (await import("./nsys.ts")).default as unknown as Recipe }),
  },
  {
    name: "ncu",
    summary: "NVIDIA's ncu on chosen kernels: bandwidth, occupancy, roofline",
    load: async () => ({ default: (await import("./ncu.ts")).default as unknown as Recipe }),
  },
  {
    name: "quick",
    summary: "the automation: nsys around a load, analysis and report, in about five minutes",
    load: async () => ({ default: (await import("./quick.ts")).default as unknown as Recipe }),
  },
  {
    name: "full",
    summary: "the automation in full: nsys, experts, with --with-ncu kernels, and one report",
    load: async () => ({ default: (await import("./full.ts")).default as unknown as Recipe }),
  },
  {
    name: "metal",
    summary: "Apple Silicon: a Metal frame capture around a bounded request",
    load: async () => ({ default: (await import("./metal.ts")).default as unknown as Recipe }),
  },
  {
    name: "xctrace",
    summary: "Apple Silicon: a whole-process trace with Instruments",
    load: async () => ({ default: (await import("./xctrace.ts")).default as unknown as Recipe }),
  },
  {
    name: "watch",
    summary: "live view of a running session, and /metrics",
    load: async () => ({ default: (await import("./watch.ts")).default as unknown as Recipe }),
  },
  {
    name: "sweep",
    summary: "operator-level sweep of one model: what each operator costs at every shape",
    load: async () => ({ default: (await import("./sweep.ts")).default as unknown as Recipe }),
  },
  {
    name: "sweep-all",
    summary: "operator-level sweeps of many models, TP degrees and variants",
    load: async () => ({ default: (await import("./sweep_all.ts")).default as unknown as Recipe }),
  },
];
