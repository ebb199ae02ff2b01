/**
 * Torch traces: the JSON that Kineto, PyTorch's profiler, writes for vLLM, SGLang and any program.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { Missing, Source } from "../capture/model.ts";
import type { CaptureReader } from "../capture/reader.ts";
import { kernelClassifier } from "../kernels/classify.ts";
import { assemble } from "../activity/assemble.ts";
import { TraceEvent } from "./event.ts";
import { missingNames } from "../activity/missing_names.ts";
import type { RankResult } from "./rank.ts";
import { rankRows } from "../activity/rank_rows.ts";
import { readRank } from "./read_rank.ts";
import { type RankSummary, summarize } from "./rank_summary.ts";
import { Tables } from "../activity/tables.ts";
import { trimTrace } from "./trim.ts";

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
      const event = new TraceEvent(tables.names);
      const { result, end } = await readRank(files, path, tables, event, options);
      const { beside, broken } = end;
      if (broken !== "") partial.push({ path, reason: broken });
      partial.push(...missingOf(path, result));
      ranks.push(summarize(tables, ranks.length, path, beside, result));
    }
    partial.push(...missingNames(paths, tables.names, "events"));
    const document = assemble({
      kind: "torch",
      tables,
      sources,
      files: ranks,
      partial,
      ranks: rankRows(ranks),
    });
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
  if (result.forgottenOperators > 0) {
    found.push({
      path,
      reason: "There are too many operators: the kernels of these do not lead to them",
      events: result.forgottenOperators,
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
