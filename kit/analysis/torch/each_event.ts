/**
 * The events of a file of a trace, one by one.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { RunError, UsageError } from "../../contract/errors.ts";
import { contentOf, DamagedArchive } from "../capture/bytes.ts";
import type { ReadOptions } from "../capture/reader.ts";
import { type DocumentEnd, type TakeEvent, TraceDocument } from "./document.ts";
import type { TraceEvent } from "./event.ts";

/** Blocks between two looks at the signal and two words of progress. */
const BLOCKS_OF_TURN = 64;

/** Who takes the events. */
export interface EventTaker extends ReadOptions {
  /** Called for each event. */
  readonly take: TakeEvent;
  /** Called after each block, and waited for. */
  block?(): Promise<void>;
}

/**
 * Reads the events of a file one by one.
 *
 * @returns What stands beside the events; `broken` says why the rest is missing.
 * @throws UsageError when there is no event to be had, or what there is cannot be trusted.
 */
export async function eachEvent(
  files: FileSystem,
  path: string,
  event: TraceEvent,
  { take, block, signal, progress }: EventTaker,
): Promise<DocumentEnd> {
  let events = 0;
  const document = new TraceDocument(event, (bytes, from, to) => {
    events++;
    take(bytes, from, to);
  });
  const end = { cut: "" };
  let blocks = 0;
  try {
    for await (const content of contentOf(files, path, end)) {
      document.feed(content);
      await block?.();
      if (document.over) break;
      if (++blocks % BLOCKS_OF_TURN !== 0) continue;
      if (signal?.aborted) throw new RunError(`Stopped reading "${path}"`);
      progress?.(`${path}: ${events.toLocaleString("en")} events`);
    }
  } catch (error) {
    if (!(error instanceof DamagedArchive)) throw error;
    throw new UsageError(
      `Cannot analyze "${path}": the gzip file is damaged (${error.message}), so none of its ` +
        "figures could be trusted; fetch it again",
    );
  }
  const read = document.end();
  const { found, broken } = read;
  if (!found) {
    throw new UsageError(
      `Cannot analyze "${path}": ${broken || 'it has no list "traceEvents"'}; give a trace of ` +
        "PyTorch's profiler",
    );
  }
  if (events === 0) {
    throw new UsageError(
      `Cannot analyze "${path}": it holds no event${broken ? `, and ${broken}` : ""}`,
    );
  }
  if (broken === "") return { ...read, broken: end.cut };
  return {
    ...read,
    broken: `${end.cut || broken}; ${events.toLocaleString("en")} events were read before that`,
  };
}
