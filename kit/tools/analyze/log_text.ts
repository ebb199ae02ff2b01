/**
 * `vscope analyze` of a log of vLLM: its tables on a terminal.
 *
 * @module
 */

import type { LogRequests, LogSpread } from "../../analysis/capture/log_model.ts";
import type { CaptureAnalysis } from "../../analysis/capture/model.ts";
import { findingsText, textTable } from "./text_table.ts";

const MOST_ROWS = 15;

const ms = (value: number) => value.toFixed(2);
const whole = (value: number | undefined) =>
  value === undefined ? "" : Number(value.toFixed(1)).toLocaleString("en");
const spread = ({ mean, max }: LogSpread) => `${whole(mean)} (max ${whole(max)})`;

/** The tables of a log and what they say. */
export async function logText(analysis: CaptureAnalysis): Promise<string> {
  const { elapsed_ms_by_phase, throughput, kv_cache, engines, http_responses } = analysis;
  const parts = [[...headOf(analysis)].join("\n")];
  const add = async (
    head: readonly string[],
    rows: readonly (readonly (string | number)[])[] | undefined,
  ) => {
    if (rows && rows.length > 0) parts.push(await textTable(head, rows.slice(0, MOST_ROWS)));
  };
  await add(
    ["phase", "iterations", "tokens", "mean ms", "p50 ms", "p95 ms", "p99 ms", "max ms"],
    elapsed_ms_by_phase?.map((row) => [
      row.phase,
      row.iterations,
      row.tokens,
      ...[row.mean, row.p50, row.p95, row.p99, row.max].map(ms),
    ]),
  );
  if (engines && engines.length > 1) {
    await add(
      ["engine", "pid", "iterations", "from", "to", "without line", "restarts"],
      engines.map((row) => [
        row.engine,
        row.pid ?? "",
        row.iterations,
        row.first_iteration,
        row.last_iteration,
        row.iterations_without_line,
        row.restarts,
      ]),
    );
  }
  await add(
    ["engine", "lines", "prompt tokens/s", "generation tokens/s", "running", "waiting", "KV %"],
    throughput?.map((row) => [
      row.engine,
      row.lines,
      spread(row.prompt_tokens_per_s),
      spread(row.generation_tokens_per_s),
      spread(row.running_requests),
      spread(row.waiting_requests),
      row.kv_cache_pct ? spread(row.kv_cache_pct) : "",
    ]),
  );
  await add(
    ["engine", "KV cache", "tokens", "requests at a time", "of tokens each"],
    kv_cache?.map((row) => [
      row.engine,
      [row.device, row.available_gib === undefined ? undefined : `${row.available_gib} GiB`]
        .filter(Boolean).join(", "),
      whole(row.size_tokens),
      row.max_concurrency ?? "",
      whole(row.request_tokens),
    ]),
  );
  await add(
    ["method", "path", "status", "answers"],
    http_responses?.map((row) => [row.method, row.path, row.status, row.count]),
  );
  return [...parts, ...findingsText(analysis.findings)].join("\n\n");
}

function* headOf(
  { sources, lines, environment, iterations, requests }: CaptureAnalysis,
): Generator<string> {
  for (const { path } of sources) yield path;
  if (lines) {
    const version = environment?.vllm_version;
    const time = lines.first_timestamp === undefined
      ? ""
      : `, ${lines.first_timestamp} to ${lines.last_timestamp}`;
    yield `${version === undefined ? "vLLM" : `vLLM ${version}`}: ${lines.total} lines${time}; ` +
      `${lines.unknown} in no known form`;
  }
  if (iterations) {
    const { count, prefill, decode, mixed, idle, context_tokens, generation_tokens } = iterations;
    yield `Iterations: ${count} (${prefill} prefill, ${decode} decode, ${mixed} mixed, ${idle} ` +
      `idle); ${context_tokens} context tokens, ${generation_tokens} generation tokens`;
  }
  if (requests) yield requestsLine(requests as unknown as LogRequests);
}

function requestsLine(found: LogRequests): string {
  const ends = [
    ...(found.finished === undefined ? [] : [`${found.finished} finished`]),
    `${found.aborted} aborted`,
    `${found.failed} failed`,
    `${found.end_not_logged} whose end is not logged`,
  ];
  const total = found.total_s;
  return `Requests: ${found.count}; ${ends.join(", ")}` +
    (total ? `; p50 ${total.p50.toFixed(1)} s, max ${total.max.toFixed(1)} s` : "");
}
