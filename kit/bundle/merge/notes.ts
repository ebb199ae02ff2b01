/**
 * What a reader of a merged session has to know.
 *
 * @module
 */

import type { BundleNote } from "../manifest.ts";
import type { RawProcess } from "./raw_session.ts";
import type { SessionFigures, TokenAccount } from "./summaries.ts";

/** What the processes themselves tell. */
export function processNotes(
  processes: readonly RawProcess[],
  unreadable: readonly string[],
  off: boolean,
): BundleNote[] {
  const notes: BundleNote[] = [];
  const note = (severity: BundleNote["severity"], message: string) =>
    notes.push({ severity, message });
  if (off) note("info", "VLLM_ENABLE_PROFILING is 0: vLLM ran untouched and nothing was recorded");
  else if (processes.length === 0) note("error", "No vLLM process loaded the hooks");
  for (const name of unreadable) note("error", `The record of process ${name} cannot be read`);
  for (const process of processes) {
    for (const error of process.errors) note("error", `${process.name} could not write: ${error}`);
    for (const [profiler, reason] of Object.entries(process.turned_down)) {
      note("warning", `${profiler} in ${process.name} was ${reason}`);
    }
    for (const [from, to] of process.paused) {
      note("info", `${process.name} was paused from ${from} s to ${to ?? "the end"} s`);
    }
  }
  for (const [table, rows] of Object.entries(droppedRows(processes))) {
    if (rows > 0) note("error", `${rows} rows of ${table} were dropped`);
  }
  return notes;
}

/** What the rows tell. */
export function rowNotes(
  cutLines: number,
  account: TokenAccount,
  requests: readonly { status?: string }[],
  processes: readonly RawProcess[],
): BundleNote[] {
  const notes: BundleNote[] = [];
  const note = (severity: BundleNote["severity"], message: string) =>
    notes.push({ severity, message });
  if (cutLines > 0) {
    note("error", `${cutLines} rows were cut off when the process that wrote them was killed`);
  }
  const open = requests.filter((life) => life.status === undefined).length;
  const rested = processes.some((process) =>
    process.paused.length > 0 || process.rested.includes("request_lifecycle")
  );
  if (open > 0 && rested) {
    note(
      "warning",
      `${open} requests have no end: they ended, if they did, while hooks were paused`,
    );
  } else if (open > 0) {
    note("error", `${open} requests have no end: the engine ended before they did`);
  }
  // Of rows that were dropped the account cannot know.
  const whole = Object.values(droppedRows(processes)).every((rows) => rows === 0);
  if (account.difference !== 0 && open === 0 && !rested && whole) {
    note(
      "warning",
      `Batches or forward passes hold ${account.difference} tokens more than the requests explain`,
    );
  }
  return notes;
}

/** What the experts' totals tell. */
export function expertNotes(
  { experts }: SessionFigures,
  processes: readonly RawProcess[],
): BundleNote[] {
  const notes: BundleNote[] = (experts?.problems ?? []).map((problem) => ({
    severity: "error",
    message: `The experts' totals cannot be read: ${problem}`,
  }));
  const paused = processes.some((process) =>
    process.paused.length > 0 || process.rested.includes("moe_expert")
  );
  if (experts && experts.inexact.length > 0 && !paused) {
    notes.push({
      severity: "warning",
      message: "The routers' choices are not tokens times top-k: " + experts.inexact[0] +
        (experts.inexact.length > 1 ? ` and ${experts.inexact.length - 1} layers more` : ""),
    });
  }
  return notes;
}

/** Ranks of the engine that no process recorded; nothing is said where none named its rank. */
export function missingRanks(processes: readonly RawProcess[]): BundleNote[] {
  const seen = new Set(processes.flatMap(({ rank }) => rank ?? []));
  const engine = engineFacts(processes);
  const size = (name: string) => Number(engine[name] ?? 1);
  if (seen.size === 0 || size("data_parallel_size") > 1) return [];
  const count = size("tensor_parallel_size") * size("pipeline_parallel_size");
  const missing = Array.from({ length: count }, (_, rank) => rank).filter((rank) =>
    !seen.has(rank)
  );
  return missing.map((rank) => ({
    severity: "error",
    message: `Nothing was recorded by the worker of rank ${rank}`,
  }));
}

/**
 * Processes that had no time to say that they end: killed, or crashed.
 *
 * @param by Who ended vLLM, if anybody. vscope waits before it does until all rows are written, and
 * vLLM then kills its engine within milliseconds. Ray kills the actors of a job that is over.
 */
export function abruptEnds(
  processes: readonly RawProcess[],
  by: "vscope" | "Ray" | undefined,
): BundleNote[] {
  return processes.filter(({ ended_sec }) => ended_sec === null).map(({ name, rank }) => {
    const named = `${name}${rank === undefined ? "" : ` (rank ${rank})`}`;
    if (by === "Ray") {
      return {
        severity: "info",
        message: `${named} was killed with the job: what it did in its last quarter of a second ` +
          "may be missing",
      };
    }
    return by === "vscope"
      ? {
        severity: "info",
        message: `${named} was killed by vLLM when vscope ended it: its rows had been written, ` +
          "but for what it did in its last moments",
      }
      : {
        severity: "warning",
        message: `${named} ended without a last word: it crashed or was killed, and up to a ` +
          "second of its rows is missing",
      };
  });
}

/** The table of the bundle that a table of a process goes into. */
const INTO: Record<string, string> = {
  request_events: "request_lifecycle",
  request_results: "request_lifecycle",
  cuda_graphs: "cuda_graph_usage",
};

/** Rows that the hooks dropped, per table of the bundle. */
export function droppedRows(processes: readonly RawProcess[]): Record<string, number> {
  const dropped: Record<string, number> = {};
  for (const process of processes) {
    for (const [table, rows] of Object.entries(process.dropped)) {
      const name = INTO[table] ?? table;
      dropped[name] = (dropped[name] ?? 0) + rows;
    }
  }
  return dropped;
}

/** Sizes and limits of the engine, as the first process that knew them told. */
export function engineFacts(processes: readonly RawProcess[]): Record<string, unknown> {
  return processes.find((process) => Object.keys(process.engine).length > 0)?.engine ?? {};
}
