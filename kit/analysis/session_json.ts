/**
 * A session in the JSON of `vscope analyze`. A part that the session cannot tell is absent.
 *
 * @module
 */

import { type Finding, findSessionFindings } from "./findings.ts";
import type { SessionAnalysis } from "./session.ts";

/** The document of `vscope analyze --json` for a session. */
export function sessionJson(analysis: SessionAnalysis): Record<string, unknown> {
  const { manifest, phases, iterationMs, batches, summary, dir } = analysis;
  const findings: Finding[] = findSessionFindings(analysis);
  const bytes = manifest.artifacts.reduce((sum, file) => sum + file.bytes, 0);
  const onGpu = analysis.timing.length === 1 && analysis.timing[0] === "cuda_event";
  const document: Record<string, unknown> = {
    schema_version: 1,
    kind: "session",
    sources: [{ path: dir, bytes }],
  };
  if (iterationMs) {
    const count = (phase: string) => phases.find(({ name }) => name === phase)?.iterations ?? 0;
    const { mean, p50, p95, p99, max } = iterationMs;
    document["iterations"] = {
      count: iterationMs.count,
      prefill: count("prefill"),
      decode: count("decode"),
      mixed: count("mixed"),
      ...(batches
        ? {
          context_tokens: batches.contextTokens,
          generation_tokens: batches.generationTokens,
        }
        : {}),
      elapsed_ms: { mean, p50, p95, p99, max },
    };
    document["phases"] = phases.map(({ name, iterations, totalMs }) => ({
      phase: name,
      iterations,
      ...(onGpu ? { gpu_ns: Math.round(totalMs * 1e6) } : {}),
    }));
  }
  if (summary.requests) document["requests"] = summary.requests;
  if (analysis.vllm) document["vllm_metrics"] = analysis.vllm;
  if (analysis.own.length > 0) {
    document["profilers"] = analysis.own.map(({ table, rows, numbers }) => ({
      name: table.name,
      rows,
      columns: numbers.flatMap(({ column, statistics }) =>
        statistics ? [{ name: column.name, unit: column.unit, ...statistics }] : []
      ),
    }));
  }
  document["findings"] = findings;
  return document;
}
