/**
 * `vscope bundle …`: work on bundles.
 *
 * @module
 */

import type { Tool, ToolGroup } from "../contract/tool.ts";
import { readsStandardInput } from "./bundle/standard_input.ts";

/** The group. */
const group: ToolGroup = {
  name: "bundle",
  summary: "validate, merge, lint and fit bundles",
  commands: [
    {
      name: "fit",
      summary: "compute skew_fit.csv of a sweep from its skew.csv",
      load: async () => ({
        default: readsStandardInput(
          (await import("./bundle/fit.ts")).default as unknown as Tool,
          ({ check }) => !check,
        ),
      }),
    },
    {
      name: "lint",
      summary: "what is wrong with the contents of a sweep, anybody's",
      load: async () => ({
        default: readsStandardInput(
          (await import("./bundle/lint.ts")).default as unknown as Tool,
        ),
      }),
    },
    {
      name: "merge",
      summary: "make a complete bundle of what the hooks of a session left",
      load: async () => ({
        default: readsStandardInput(
          (await import("./bundle/merge.ts")).default as unknown as Tool,
          () => true,
        ),
      }),
    },
    {
      name: "validate",
      summary: "compare a bundle's files with its manifest",
      load: async () => ({
        default: readsStandardInput(
          (await import("./bundle/validate.ts")).default as unknown as Tool,
        ),
      }),
    },
  ],
};

export default group;
