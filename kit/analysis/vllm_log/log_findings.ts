/**
 * What the figures of a log say, with their evidence and what to do about it.
 *
 * @module
 */

import type { CaptureAnalysis } from "../capture/model.ts";
import { type Finding, percent } from "../findings.ts";
import { THRESHOLDS as LIMIT } from "../thresholds.ts";

/** Fewer iterations than this say nothing about a load. */
const ENOUGH_ITERATIONS = 20;

const ms = (value: number) => `${value.toFixed(2)} ms`;

/** The findings, in no order. */
export function findLogFindings(analysis: CaptureAnalysis): Finding[] {
  return [
    ...logging(analysis),
    ...unknown(analysis),
    ...cache(analysis),
    ...waiting(analysis),
    ...stalls(analysis),
    ...requests(analysis),
  ];
}

function logging({ iterations, requests }: CaptureAnalysis): Finding[] {
  const missing = [
    ...(iterations ? [] : ["iterations (--enable-logging-iteration-details)"]),
    ...(requests ? [] : ["requests (--enable-log-requests)"]),
  ];
  if (missing.length === 0) return [];
  return [{
    severity: "info",
    title: "vLLM did not log everything that can be read",
    evidence: `There are no lines of ${missing.join(" and ")}`,
    advice:
      "Start vLLM with these flags (0.15 and later) to have their figures as well; iterations " +
      "also need --api-server-count 1, as several API servers log no statistics",
  }];
}

function unknown({ unknown_lines: [first] = [], lines }: CaptureAnalysis): Finding[] {
  if (!first) return [];
  return [{
    severity: "warning",
    title: "Some lines are in a form that this vscope does not know",
    evidence: `${lines!.unknown}, the first at ${first.path}:${first.line}: ${first.text}`,
    advice: "They are cut or torn, or of another vLLM; no figure counts what is unknown of them",
  }];
}

function cache({ throughput = [], iteration_rows = [] }: CaptureAnalysis): Finding[] {
  let peak = -1;
  for (const { kv_cache_pct } of throughput) peak = Math.max(peak, kv_cache_pct?.max ?? -1);
  for (const { kv_cache_pct = -1 } of iteration_rows) peak = Math.max(peak, kv_cache_pct);
  const preemptions = throughput.reduce((sum, row) => sum + (row.preemptions ?? 0), 0);
  const found: Finding[] = [];
  if (preemptions > 0) {
    found.push({
      severity: "warning",
      title: "Requests were preempted",
      evidence: `${preemptions} preemptions in the throughput lines` +
        (peak < 0 ? "" : `, KV cache use up to ${percent(peak)}`),
      advice: "Give the KV cache more memory, or lower --max-num-seqs: preempted work is redone",
    });
  } else if (peak > LIMIT.kvHigh.value) {
    found.push({
      severity: "warning",
      title: "The KV cache is nearly full",
      evidence: `Use up to ${percent(peak)}`,
      advice: "More load makes requests wait or be preempted; give the cache more memory",
    });
  }
  return found;
}

function waiting({ throughput = [] }: CaptureAnalysis): Finding[] {
  return throughput.flatMap(({ engine, waiting_requests: { p50, max }, running_requests }) =>
    p50 < 1 ? [] : [{
      severity: "warning" as const,
      title: "Requests wait for the engine most of the time",
      evidence: `Engine ${engine}: ${p50} waiting in the median, ${max} at most, beside ` +
        `${running_requests.p50} running`,
      advice: "The engine is at its limit: raise --max-num-seqs if the KV cache has room, or " +
        "add replicas",
    }]
  );
}

function stalls({ elapsed_ms_by_phase: phases = [] }: CaptureAnalysis): Finding[] {
  const of = (phase: string) => phases.find((row) => row.phase === phase);
  const [mixed, decode] = [of("mixed"), of("decode")];
  if (!mixed || !decode) return [];
  if (Math.min(mixed.iterations, decode.iterations) < ENOUGH_ITERATIONS) return [];
  if (!(mixed.p95 > LIMIT.mixedStall.value * decode.p95)) return [];
  return [{
    severity: "warning",
    title: "Decoding requests stall behind prefills",
    evidence: `Mixed iterations take ${ms(mixed.p95)} in p95, decode iterations ${ms(decode.p95)}`,
    advice: "Lower --max-num-batched-tokens: prefills then come in smaller parts",
  }];
}

function requests({ requests: found }: CaptureAnalysis): Finding[] {
  const failed = Number(found?.["failed"] ?? 0);
  if (failed === 0) return [];
  return [{
    severity: "warning",
    title: "Requests failed",
    evidence: `${failed} of ${found!["count"]}; their reasons are in request_rows`,
    advice: "Look for the reason in the log, above the line that tells the failure",
  }];
}
