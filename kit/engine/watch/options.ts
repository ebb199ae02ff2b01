/**
 * The options of `vscope watch`.
 *
 * @module
 */

import { boolean, choice, duration, path, text } from "../../contract/options.ts";
import { USUAL_ADDRESS } from "../metrics/address.ts";
import type { Values } from "../../contract/option.ts";

/** The options. */
export const watchOptions = {
  profilingDir: path({
    env: "VLLM_PROFILING_DIR",
    default: "/tmp/vllm_profiling",
    doc: "Folder in which the newest running session is looked for, where none is given",
    leadsTo: "folder",
  }),
  listen: text({
    bare: USUAL_ADDRESS,
    doc: "Serve the metrics at this address, 127.0.0.1:9464 where none is given; " +
      "a port alone is of this machine only",
  }),
  once: boolean({
    default: false,
    doc: "Print the state of the moment and end; with --json as a document",
  }),
  interval: duration({
    default: 1,
    min: 0.2,
    max: 3600,
    doc: "Time between two looks at the session",
  }),
  print: choice({
    choices: ["rules", "dashboard"],
    doc: "Print Prometheus rules, or a Grafana dashboard, for these metrics, and end",
  }),
};

/** Values of {@linkcode watchOptions}. */
export type WatchValues = Values<typeof watchOptions>;
