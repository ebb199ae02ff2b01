/**
 * The options of `vscope monitor` that say where its command runs: as a job on a Ray cluster.
 *
 * @module
 */

import type { Values } from "../../contract/option.ts";
import { choice, list, number, path, text } from "../../contract/options.ts";

/** The options. */
export const monitorFleetOptions = {
  on: text({
    doc: "Ray cluster on which the command runs as a job, as http://HOST:8265",
  }),
  jobGpus: number({
    default: 0,
    min: 0,
    unit: "GPUs",
    doc: "GPUs of the job itself; vLLM's workers take theirs from Ray besides",
  }),
  jobCpus: number({ default: 1, min: 0, unit: "CPUs", doc: "CPUs of the job itself" }),
  jobResource: text({
    doc: "Resource of the node on which the command runs, as accelerator_type:H100",
  }),
  jobEnv: list({
    of: text({ doc: "A variable" }),
    doc:
      "Variables that the job gets: NAME takes ours, NAME=VALUE another; Ray's dashboard shows them",
  }),
  storage: path({
    leadsTo: "folder",
    doc:
      "Folder that this machine and the cluster share, for what is recorded; the job's log brings it otherwise",
  }),
  onInterrupt: choice({
    choices: ["stop", "leave"],
    default: "stop",
    doc: "What Ctrl-C does with the job on the cluster",
  }),
  rayAuthToken: text({
    env: "RAY_AUTH_TOKEN",
    secret: true,
    doc: "Token of a Ray cluster that asks for one",
  }),
};

/** Values of {@linkcode monitorFleetOptions}. */
export type MonitorFleetValues = Values<typeof monitorFleetOptions>;
