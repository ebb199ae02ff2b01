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
  summary: "compare, gate, predict, validate, merge, lint and fit bundles",
  commands: [
    {
      name: "diff",
      summary: "what two bundles differ by: software, hardware, flags, then figure by figure",
      load: async () => ({
        default: (await import("./bundle/diff.ts")).default as unknown as Tool,
      }),
    },
    {
      name: "gate",
      summary: "exit code 1 where a new bundle is worse than its base, beyond noise",
      load: async () => ({
        default: (await import("./bundle/gate.ts")).default as unknown as Tool,
      }),
    },
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
      summary: "make a complete bundle of what a session's hooks left, or one sweep of several",
      load: async () => ({
        default: readsStandardInput(
          (await import("./bundle/merge.ts")).default as unknown as Tool,
          // Several are merged into a folder of their own.
          (_, operands) => operands.length === 1,
        ),
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
        default: readsStandardInput(
          (await import("./bundle/validate.ts")).default as unknown as Tool,
        ),
      }),
    },
  ],
};

export default group;
