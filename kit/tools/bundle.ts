/**
 * `vscope bundle …`: work on bundles.
 *
 * @module
 */

import type { Tool, ToolGroup } from "../contract/tool.ts";

/** The group. */
const group: ToolGroup = {
  name: "bundle",
  summary: "validate, merge, lint, fit bundles, and predict from them",
  commands: [
    {
      name: "fit",
      summary: "compute skew_fit.csv of a sweep from its skew.csv",
      load: async () => ({
        default: (await import("./bundle/fit.ts")).default as unknown as Tool,
      }),
    },
    {
      name: "lint",
      summary: "what is wrong with the contents of a sweep, anybody's",
      load: async () => ({
        default: (await import("./bundle/lint.ts")).default as unknown as Tool,
      }),
    },
    {
      name: "merge",
      summary: "make a complete bundle of what the hooks of a session left",
      load: async () => ({
        default: (await import("./bundle/merge.ts")).default as unknown as Tool,
      }),
    },
    {
      name: "predict",
      summary: "the time of any batch, composed from a sweep",
      load: async () => ({
        default: (await import("./bundle/predict.ts")).default as unknown as Tool,
      }),
    },
    {
      name: "validate",
      summary: "compare a bundle's files with its manifest",
      load: async () => ({
        default: (await import("./bundle/validate.ts")).default as unknown as Tool,
      }),
    },
  ],
};

export default group;
