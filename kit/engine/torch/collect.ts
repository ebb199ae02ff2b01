/**
 * Brings the traces of a recording into the bundle, checks them, and says what is missing.
 *
 * @module
 */

import { copyFile } from "../../bundle/files/copy.ts";
import type { RunContext } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";
import type { OpenCapture } from "../capture_run.ts";
import type { CapturedTrace, TorchCapture } from "./capture_facts.ts";
import { checkTrace } from "./check_trace.ts";
import { type TraceFile, traceLabel } from "./trace_files.ts";

/** Folder of the traces within the bundle. */
export const TRACES = "traces";

/** What should be there. */
export interface Expected {
  /** Workers; undefined where nobody knows. */
  workers: number | undefined;
  /** Whether the API server's process was traced; undefined where nobody knows. */
  frontend: boolean | undefined;
}

/**
 * Fills in the traces of `capture`, with notes on all that is missing or cut short. Files in
 * another folder are copied: they stay where vLLM wrote them.
 */
export async function collectTraces(
  context: RunContext,
  bundle: OpenCapture,
  capture: TorchCapture,
  from: { dir: string; traces: readonly TraceFile[] },
  expected: Expected,
): Promise<void> {
  const target = `${bundle.dir}/${TRACES}`;
  let worldSize = 0;
  for (const file of from.traces) {
    if (from.dir !== target) {
      try {
        await copyFile(context.files, `${from.dir}/${file.path}`, `${target}/${file.path}`);
      } catch (error) {
        bundle.note(
          "error",
          `The file ${from.dir}/${file.path} could not be copied: ${messageOf(error)}`,
        );
        continue;
      }
    }
    if (file.role !== "rank" && file.role !== "front end") continue;
    context.output.progress(`Checking ${file.path}`);
    const { flaw, ...facts } = await checkTrace(context.files, `${target}/${file.path}`);
    worldSize = Math.max(worldSize, facts.worldSize ?? 0);
    const rank = file.rank ?? facts.rank;
    const trace: CapturedTrace = {
      path: `${TRACES}/${file.path}`,
      role: file.role,
      ...(rank === undefined || file.role !== "rank" ? {} : { rank }),
      ...(file.dp === undefined ? {} : { dp: file.dp }),
      bytes: file.bytes,
      whole: flaw === undefined,
    };
    capture.traces.push(trace);
    if (flaw) bundle.note("error", `The trace of ${traceLabel(trace)} ${flaw}: ${trace.path}`);
  }
  judgeRanks(bundle, capture, expected, worldSize);
}

function judgeRanks(
  bundle: OpenCapture,
  capture: TorchCapture,
  expected: Expected,
  worldSize: number,
): void {
  const workers = Math.max(expected.workers ?? 0, worldSize);
  if (workers > 0) capture.ranks_expected = workers;
  const ranks = capture.traces.filter(({ role }) => role === "rank");
  const whole = ranks.filter((trace) => trace.whole);
  if (whole.length > 0) bundle.captured = true;
  const first = whole.toSorted((a, b) => order(a) - order(b))[0];
  if (first) capture.open_in_perfetto = first.path;
  const found = new Set(ranks.map(({ dp = 0, rank }, place) => `${dp} ${rank ?? `?${place}`}`));
  if (ranks.length === 0) {
    bundle.note("error", "No worker left a trace");
  } else if (found.size < workers) {
    const known = ranks.every(({ dp, rank }) => !dp && rank !== undefined);
    const missing = Array.from({ length: workers }, (_, rank) => rank)
      .filter((rank) => !found.has(`0 ${rank}`));
    bundle.note(
      "error",
      `${found.size} of ${workers} ranks left a trace` +
        (known ? `; missing: ${missing.map((rank) => `rank ${rank}`).join(", ")}` : "") +
        "; workers on other hosts write to a folder of theirs",
    );
  }
  const frontend = capture.traces.some(({ role }) => role === "front end");
  if (expected.frontend && !frontend && ranks.length > 0) {
    bundle.note("warning", "The front end left no trace");
  }
}

function order({ dp = 0, rank = 0 }: CapturedTrace): number {
  return 1e4 * dp + rank;
}
