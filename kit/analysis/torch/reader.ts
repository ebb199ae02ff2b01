/**
 * Torch traces: the JSON that Kineto, PyTorch's profiler, writes for vLLM, SGLang and any program.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { contentOf, DamagedArchive } from "../capture/bytes.ts";
import type { Missing, Source } from "../capture/model.ts";
import type { CaptureReader, ReadOptions } from "../capture/reader.ts";
import { kernelClassifier } from "../kernels/classify.ts";
import { assemble } from "./assemble.ts";
import { type TakeEvent, TraceDocument } from "./document.ts";
import { TraceEvent } from "./event.ts";
import type { Names } from "./names.ts";
import { Rank, type RankResult } from "./rank.ts";
import { type RankSummary, summarize } from "./rank_summary.ts";
import { Tables } from "./tables.ts";
import { trimTrace } from "./trim.ts";

/** Blocks between two looks at the clock of the reader's user: signal and progress. */
const BLOCKS_OF_TURN = 64;

/** The reader. */
const reader: CaptureReader = {
  kind: "torch",
  description: "a torch trace (.json or .json.gz)",
  recognises(_path, head) {
    const text = new TextDecoder().decode(head).trimStart();
    return text.startsWith("{")
      ? /"(traceEvents|schemaVersion|deviceProperties|distributedInfo)"/.test(text)
      : text.startsWith("[") && /^\[\s*\{[^[\]]*"ph"/.test(text);
  },
  async read(files, paths, options) {
    const tables = new Tables(await kernelClassifier());
    const sources: Source[] = [];
    const partial: Missing[] = [];
    const ranks: RankSummary[] = [];
    for (const path of paths) {
      sources.push({ path, bytes: (await files.stat(path)).size });
      const rank = new Rank(tables);
      const event = new TraceEvent(tables.names);
      const { beside, broken } = await eachEvent(
        files,
        path,
        event,
        () => rank.take(event),
        options,
      );
      const result = rank.finish(event.base);
      if (broken !== "") partial.push({ path, reason: broken });
      partial.push(...missingOf(path, result));
      ranks.push(summarize(tables, ranks.length, path, beside, result));
    }
    partial.push(...missingNames(paths, tables.names));
    const document = assemble(tables, sources, ranks, partial);
    if (!document.gpu && !document.cpu_operators && !document.cuda_api && !document.nvtx) {
      throw new UsageError(
        `Cannot analyze "${paths[0]}": it has ${ranks[0]?.result.events ?? 0} events, but none ` +
          "of those that PyTorch's profiler records",
      );
    }
    return document;
  },
  trim: trimTrace,
};

export default reader;

/**
 * Reads the events of a file one by one.
 *
 * @returns What stands beside the events, and why the rest is missing ("" when nothing is).
 * @throws UsageError when there is no event to be had, or what there is cannot be trusted.
 */
export async function eachEvent(
  files: FileSystem,
  path: string,
  event: TraceEvent,
  take: TakeEvent,
  { signal, progress }: ReadOptions,
): Promise<{ beside: Readonly<Record<string, unknown>>; broken: string }> {
  let events = 0;
  const document = new TraceDocument(event, (bytes, from, to) => {
    events++;
    take(bytes, from, to);
  });
  const end = { cut: "" };
  let blocks = 0;
  try {
    for await (const block of contentOf(files, path, end)) {
      document.feed(block);
      if (document.over) break;
      if (++blocks % BLOCKS_OF_TURN !== 0) continue;
      signal?.throwIfAborted();
      progress?.(`${path}: ${events.toLocaleString("en")} events`);
    }
  } catch (error) {
    if (!(error instanceof DamagedArchive)) throw error;
    throw new UsageError(
      `Cannot analyze "${path}": the gzip file is damaged (${error.message}), so none of its ` +
        "figures could be trusted; fetch it again",
    );
  }
  const { beside, found, broken } = document.end();
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
  if (broken === "") return { beside, broken: end.cut };
  return {
    beside,
    broken: `${end.cut || broken}; ${events.toLocaleString("en")} events were read before that`,
  };
}

function missingOf(path: string, result: RankResult): Missing[] {
  const found: Missing[] = [...result.damaged].map(([reason, events]) => ({
    path,
    reason: `Events were left out: ${reason}`,
    events,
  }));
  if (result.lostLaunches > 0) {
    found.push({
      path,
      reason: "Too many launches waited for their kernels: causes of idle time are incomplete",
      events: result.lostLaunches,
    });
  }
  if (result.furtherSteps > 0) {
    found.push({
      path,
      reason: "There are too many steps; these were left out",
      events: result.furtherSteps,
    });
  }
  return found;
}

function missingNames(paths: readonly string[], names: Names): Missing[] {
  const path = paths.join(", ");
  const found: Missing[] = [];
  if (names.broken > 0) {
    found.push({
      path,
      reason: `${names.broken} names are no valid UTF-8 and are shown with \uFFFD`,
    });
  }
  if (names.further > 0) {
    found.push({
      path,
      reason: "There are too many different names; these events share one row",
      events: names.further,
    });
  }
  return found;
}
