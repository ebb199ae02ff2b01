/**
 * The options of `vscope sweep-all` that say where its sweeps are measured: on a Ray cluster.
 *
 * @module
 */

import type { Values } from "../../contract/option.ts";
import { bytes, choice, duration, integer, number, path, text } from "../../contract/options.ts";

/** The options. */
export const fleetOptions = {
  on: text({
    doc:
      "Ray cluster that measures, as http://HOST:8265: each model at each TP degree is a job there",
  }),
  jobGpus: number({
    default: 1,
    min: 0,
    unit: "GPUs",
    doc: "GPUs of a job on the cluster; every TP degree is emulated on one",
  }),
  jobCpus: number({ default: 1, min: 0, unit: "CPUs", doc: "CPUs of a job on the cluster" }),
  jobMemory: bytes({ min: 1, doc: "Memory of a job on the cluster, as Ray counts it" }),
  jobTimeLimit: duration({
    min: 1,
    doc: "How long a job on the cluster may take, the start of its engine included",
  }),
  maxJobs: integer({
    min: 1,
    unit: "jobs",
    doc: "Jobs on the cluster at a time; as many as it has room for otherwise",
  }),
  retries: integer({
    default: 2,
    min: 0,
    unit: "jobs",
    doc:
      "How often a job that failed on the cluster is submitted again, with what is still missing",
  }),
  storage: path({
    leadsTo: "folder",
    doc:
      "Folder that this machine and the cluster share, or s3://BUCKET/PREFIX, for results; the jobs' logs " +
      "bring them otherwise",
  }),
  storageEndpoint: text({
    env: "AWS_ENDPOINT_URL",
    doc: "Address of an S3-compatible storage, as https://HOST:9000; Amazon's otherwise",
  }),
  onInterrupt: choice({
    choices: ["ask", "leave", "stop"],
    default: "ask",
    doc:
      "What Ctrl-C does with jobs on the cluster; without a terminal to ask they are left running",
  }),
  rayAuthToken: text({
    env: "RAY_AUTH_TOKEN",
    secret: true,
    doc: "Token of a Ray cluster that asks for one",
  }),
};

/** Values of {@linkcode fleetOptions}. */
export type FleetValues = Values<typeof fleetOptions>;
