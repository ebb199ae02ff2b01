/**
 * The options of `vscope xctrace`.
 *
 * @module
 */

import type { Values } from "../../contract/option.ts";
import { boolean, bytes, duration, integer, text } from "../../contract/options.ts";

/** Options of the recipe. */
export const xctraceOptions = {
  model: text({ doc: "Model to serve, where no command follows --" }),
  pid: integer({ min: 1, doc: "Number of a process that runs, to be recorded instead" }),
  timeLimit: duration({
    min: 1,
    doc: "How long to record; without it until Ctrl-C, or until --requests are answered",
  }),
  requests: integer({
    default: 0,
    min: 0,
    max: 100_000,
    unit: "requests",
    doc: "Requests to send to the server while it is recorded; 0: you send them",
  }),
  concurrency: integer({
    default: 4,
    min: 1,
    max: 1000,
    unit: "requests",
    doc: "Requests under way at a time, with --requests",
  }),
  template: text({
    default: "Metal System Trace",
    doc: "Template of Instruments to record with, a name or a path",
  }),
  port: integer({
    default: 8000,
    min: 1,
    max: 65535,
    doc: "Port of the server that --model starts",
  }),
  open: boolean({ default: false, doc: "Open the trace in Instruments at the end" }),
  startTimeout: duration({
    default: 600,
    min: 1,
    doc: "How long the server may take to start, with --requests",
  }),
  saveTimeout: duration({
    default: 600,
    min: 1,
    doc: "How long xctrace may take to save the trace once the recording has ended",
  }),
  exportTimeout: duration({
    default: 600,
    min: 1,
    doc: "How long the export of one table may take; a table that takes longer is left out",
  }),
  exportLimit: bytes({
    default: 2 * 2 ** 30,
    min: 1,
    doc: "Largest export of one table; a table that becomes larger is left out",
  }),
};

/** Values of {@linkcode xctraceOptions}. */
export type XctraceValues = Values<typeof xctraceOptions>;
