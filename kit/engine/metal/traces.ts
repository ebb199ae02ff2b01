/**
 * Finding the traces of a capture, and waiting until they are whole.
 *
 * Their names differ between versions of vllm-metal (`<prefix>_dp0_pp0_tp0.gputrace`,
 * `dp0_pp0_tp0_dcp0_ep0_rank0.gputrace`, with an id for each capture), so they are looked for.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { CaptureRecord } from "../../bundle/manifest.ts";
import { measureTrace, type TraceSize } from "../../bundle/files/trace_folder.ts";

const ENDING = ".gputrace";

/** How deep below the folder a trace may lie. */
const DEPTH = 2;

/** Paths of all traces below a folder, sorted; none where there is no folder. */
export async function listTraces(context: RunContext, dir: string): Promise<string[]> {
  const found: string[] = [];
  const look = async (at: string, depth: number) => {
    try {
      for await (const entry of context.files.readDir(at)) {
        const path = `${at}/${entry.name}`;
        if (entry.name.endsWith(ENDING)) found.push(path);
        else if (entry.isDirectory && depth < DEPTH) await look(path, depth + 1);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw error;
      }
    }
  };
  await look(dir, 0);
  return found.sort();
}

/** A trace and its size. */
export interface FoundTrace {
  path: string;
  size: TraceSize;
}

/** How a wait ended. */
export interface Settled {
  traces: FoundTrace[];
  /** Whether none of them changed for the whole of the quiet time. */
  settled: boolean;
  seconds: number;
}

/** How long to wait. */
export interface Patience {
  /** Milliseconds without a change after which a trace is whole. */
  quietMs: number;
  /** Milliseconds that the whole may take. */
  timeoutMs: number;
  /** Milliseconds within which the first trace has to appear. */
  appearMs: number;
  /** Looked at while there is no trace: whether it is known that none will come. */
  hopeless?: () => Promise<boolean>;
}

/** Waits for traces that were not there `before`. Ends early when the run is interrupted. */
export async function awaitTraces(
  context: RunContext,
  dir: string,
  before: readonly string[],
  patience: Patience,
): Promise<Settled> {
  const { clock, output, signal } = context;
  const start = clock.monotonicMs();
  const elapsed = () => clock.monotonicMs() - start;
  const step = Math.min(500, Math.max(20, patience.quietMs / 4));
  let last = "";
  let lastChange = start;
  for (;;) {
    const traces = await measureNew(context, dir, before);
    const state = JSON.stringify(traces);
    if (state !== last) lastChange = clock.monotonicMs();
    last = state;
    const seconds = elapsed() / 1000;
    if (traces.length > 0 && clock.monotonicMs() - lastChange >= patience.quietMs) {
      return { traces, settled: true, seconds };
    }
    const late = elapsed() >= patience.timeoutMs ||
      (traces.length === 0 &&
        (elapsed() >= patience.appearMs || await patience.hopeless?.() === true));
    if (late || signal.aborted) return { traces, settled: false, seconds };
    const bytes = traces.reduce((sum, { size }) => sum + (size.allocatedBytes ?? 0), 0);
    output.progress(
      traces.length === 0
        ? "Waiting for the trace to appear"
        : `Waiting for the trace to be whole: ${(bytes / 1e9).toFixed(2)} GB`,
    );
    await clock.sleep(step, signal);
  }
}

/** The traces that were not there before, with their sizes. */
export async function measureNew(
  context: RunContext,
  dir: string,
  before: readonly string[],
): Promise<FoundTrace[]> {
  const paths = (await listTraces(context, dir)).filter((path) => !before.includes(path));
  return await Promise.all(
    paths.map(async (path) => ({ path, size: await measureTrace(context.files, path) })),
  );
}

/** What is wrong with a trace; undefined for a good one. */
export function flawOf({ path, size }: FoundTrace): string | undefined {
  if (size.files === 0) return `the trace ${path} is an empty folder`;
  if (size.apparentBytes === 0) return `the trace ${path} has ${size.files} files without content`;
  return undefined;
}

/** A trace as the manifest has it. */
export function recordOf({ path, size }: FoundTrace, bundle: string): CaptureRecord {
  return {
    path: path.startsWith(`${bundle}/`) ? path.slice(bundle.length + 1) : path,
    files: size.files,
    apparent_bytes: size.apparentBytes,
    ...(size.allocatedBytes === undefined ? {} : { allocated_bytes: size.allocatedBytes }),
  };
}
