/**
 * The options of `nsys`.
 *
 * @module
 */

import type { Values } from "../../contract/option.ts";
import { boolean, choice, duration, integer, list, path, text } from "../../contract/options.ts";
import { loadOptions } from "../load/options.ts";
import { vllmOptions } from "../server/vllm_options.ts";

const { python, startTimeout, apiKey } = vllmOptions;

/** Options of `nsys`. */
export const nsysOptions = {
  delay: duration({
    min: 0,
    doc: "Record by the clock: begin so long after the start of the command",
  }),
  duration: duration({
    min: 1,
    doc: "Record by the clock, for so long; the server is then ended, as nsys does",
  }),
  keepServing: boolean({
    default: false,
    doc: "End only the recording: the server goes on until it ends, or until Ctrl-C",
  }),
  captureRange: choice({
    choices: ["auto", "cudaProfilerApi", "none"],
    default: "auto",
    doc: "What begins and ends the recording: vLLM's cuda profiler around the load (a script: " +
      "around one call of LLM.generate), or the whole run; auto: the profiler, where it can be used " +
      "and neither --delay nor --duration is given",
  }),
  cudaGraphs: choice({
    choices: ["node", "graph"],
    default: "node",
    doc:
      "Record each kernel of a CUDA graph, which slows its replay down, or each graph as a whole, " +
      "which costs little and hides the kernels",
  }),
  trace: list({
    of: text({ doc: "What to trace" }),
    default: ["cuda", "nvtx"],
    doc: "What nsys traces; osrt makes recordings many times larger",
  }),
  delayIterations: integer({
    default: 0,
    min: 0,
    unit: "steps",
    doc: "With the profiler: engine steps to let pass before recording begins",
  }),
  maxIterations: integer({
    default: 0,
    min: 0,
    unit: "steps",
    doc: "With the profiler: engine steps to record; 0: no bound in steps",
  }),
  maxSeconds: duration({
    default: 60,
    min: 0.1,
    max: 86_400,
    doc: "With the profiler: how long to record at most",
  }),
  recordCall: integer({
    default: 1,
    min: 1,
    unit: "calls",
    doc: "Offline: which call of LLM.generate (chat, embed, …) to record, 1 is the first",
  }),
  keepRep: boolean({
    default: false,
    doc: "Keep the .nsys-rep for the GUI also where environments of processes were found in it",
  }),
  passEnv: list({
    of: text({ doc: "Name of a variable" }),
    doc: "Variables that the command gets besides those that vLLM, Python and CUDA read; nsys " +
      "records them",
  }),
  nsys: path({
    leadsTo: "file",
    doc: "The nsys to use; without it that on PATH, or the newest below /opt/nvidia",
  }),
  python,
  ...loadOptions,
  startTimeout,
  stopTimeout: duration({
    default: 600,
    min: 1,
    doc: "How long nsys may take to write its report, and as long again to export it",
  }),
  grace: duration({
    env: "VSCOPE_GRACE",
    default: 20,
    min: 0,
    max: 600,
    doc: "How long vLLM and nsys may take to end before they are killed",
  }),
  apiKey,
};

/** Values of {@linkcode nsysOptions}. */
export type NsysValues = Values<typeof nsysOptions>;
