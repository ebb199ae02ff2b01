/**
 * `vscope bundle …`: work on bundles.
 *
 * @module
 */

import type { Tool, ToolGroup } from "../contract/tool.ts";

/** The group. */
const group: ToolGroup = {
  name: "bundle",
  summary: "validate and merge bundles",
  commands: [
    {
      name: "merge",
      summary: "make a complete bundle of what the hooks of a session left",
      load: async () => ({
        default: (await import("./bundle/merge.ts")).default as unknown as Tool,
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
