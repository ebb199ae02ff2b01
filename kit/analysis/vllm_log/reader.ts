/**
 * Logs of vLLM 0.15 and later: iterations, requests, throughput and the KV cache.
 *
 * @module
 */

import { RunError, UsageError } from "../../contract/errors.ts";
import { findCaptureFindings } from "../capture/capture_findings.ts";
import { lineBatches } from "../capture/lines.ts";
import type { CaptureAnalysis, Missing, Source } from "../capture/model.ts";
import type { CaptureReader } from "../capture/reader.ts";
import { gravestFirst } from "../findings.ts";
import { DamagedArchive } from "../capture/bytes.ts";
import { readEntry } from "./entry.ts";
import { readIteration } from "./iteration_message.ts";
import { findLogFindings } from "./log_findings.ts";
import { LogTables } from "./log_tables.ts";
import { readThroughput } from "./throughput_message.ts";

/** The reader. */
const reader: CaptureReader = {
  kind: "vllm-log",
  description: "a log of vLLM (.log)",
  recognises(path, head) {
    if (head.includes(0)) return false;
    const text = new TextDecoder().decode(head);
    if (/\.log(\.\w+)*$/i.test(path) && !/^\s*[[{<]/.test(text)) return true;
    return text.split(/[\r\n]+/).some((line) => {
      const { logged, message } = readEntry(line);
      return logged || readIteration(message) !== undefined ||
        readThroughput(message) !== undefined;
    });
  },
  async read(files, paths, { signal, progress }) {
    const tables = new LogTables();
    const sources: Source[] = [];
    const partial: Missing[] = [];
    for (const path of paths) {
      const { size: bytes } = await files.stat(path);
      sources.push({ path, bytes });
      tables.open(path);
      const end = { cut: "" };
      let read = 0;
      try {
        for await (const lines of lineBatches(files, path, end)) {
          if (signal?.aborted) throw new RunError(`Reading "${path}" was interrupted`);
          for (const line of lines) tables.take(line);
          read += lines.length;
          if (read % 4096 < lines.length) progress?.(`${path}: ${read} lines`);
        }
      } catch (error) {
        if (!(error instanceof DamagedArchive)) throw error;
        throw new UsageError(
          `Cannot analyze "${path}": the gzip file is damaged (${error.message}); fetch it again`,
        );
      }
      if (end.cut !== "") partial.push({ path, reason: end.cut });
    }
    return documentOf(tables, sources, partial);
  },
};

export default reader;

function documentOf(
  tables: LogTables,
  sources: readonly Source[],
  missing: readonly Missing[],
): CaptureAnalysis {
  const lines = tables.lines();
  const path = sources.map((source) => source.path).join(", ");
  const requests = tables.requests.finish();
  const kvCache = tables.kvCache.rows();
  const http = tables.http.rows();
  const [version] = tables.versions;
  const partial = [...missing, ...missingOf(tables, path)];
  if (
    lines.iteration + lines.throughput + lines.kv_cache + lines.request === 0 &&
    tables.unknown.count === 0
  ) {
    throw new UsageError(
      `Cannot analyze "${path}": ${lines.total} lines, and none tells iterations, requests, ` +
        "throughput or the KV cache; start vLLM with --enable-logging-iteration-details and " +
        "--enable-log-requests",
    );
  }
  const document: CaptureAnalysis = {
    schema_version: 1,
    kind: "vllm-log",
    sources,
    ...(partial.length > 0 ? { partial } : {}),
    ...tables.iterations.parts(),
    ...(requests ? { requests } : {}),
    ...tables.throughput.parts(),
    ...(kvCache.length > 0 ? { kv_cache: kvCache } : {}),
    ...(requests ? { request_rows: tables.requests.rows } : {}),
    ...(http.length > 0 ? { http_responses: http } : {}),
    lines,
    ...(tables.unknown.count > 0 ? { unknown_lines: tables.unknown.shown } : {}),
    ...(version === undefined ? {} : { environment: { vllm_version: version } }),
    findings: [],
  };
  const findings = [...findCaptureFindings(document), ...findLogFindings(document)];
  return { ...document, findings: gravestFirst(findings) };
}

function missingOf({ iterations, unknown }: LogTables, path: string): Missing[] {
  const found: Missing[] = [];
  const add = (reason: string, events: number) => {
    if (events > 0) found.push({ path, reason, events });
  };
  add("Lines are in no known form, or end in none", unknown.count);
  add("Iterations stand in the log a second time and were counted once", iterations.repeated);
  const engines = iterations.engines();
  const before = engines.filter(({ first_iteration }) => first_iteration > 0);
  add(
    "The log begins after the engine's first iterations",
    before.reduce((sum, { first_iteration }) => sum + first_iteration, 0),
  );
  // Data parallel engines do not log each of their steps without work.
  if (new Set(engines.map(({ engine }) => engine)).size === 1) {
    add(
      "Iterations between others have no line",
      engines.reduce((sum, { iterations_without_line }) => sum + iterations_without_line, 0),
    );
  }
  return found;
}
