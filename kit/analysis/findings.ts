/**
 * What the figures of a session say, with their evidence and what to do about it.
 *
 * A finding is made only where the data can carry it.
 *
 * @module
 */

import { noteFindings } from "./note_findings.ts";
import type { SessionAnalysis, Timing } from "./session.ts";
import { silentProfilers } from "./silent_profilers.ts";
import { THRESHOLDS as LIMIT } from "./thresholds.ts";

/** A finding. */
export interface Finding {
  /** How much it matters. */
  severity: "info" | "warning" | "error";
  /** One sentence. */
  title: string;
  /** The figures that it stands on. */
  evidence: string;
  /** What to do about it. */
  advice: string;
}

/** Fewer steps than this say nothing about a load. */
const ENOUGH_STEPS = 20;

/** A share in percent, as sentences have it. */
export const percent = (value: number) => `${value.toFixed(1)} %`;
const ms = (value: number) => `${value.toFixed(2)} ms`;

/**
 * The findings of a session, the gravest first.
 *
 * @example What is to be done
 * ```ts
 * import { analyzeSession, type Finding, findSessionFindings } from "@vscope/vscope";
 *
 * const session = await analyzeSession(Deno, "perf/examples/session");
 * const findings: Finding[] = findSessionFindings(session);
 * for (const { severity, title, advice } of findings) console.log(severity, title, advice);
 * ```
 */
export function findSessionFindings(analysis: SessionAnalysis): Finding[] {
  const found = [
    ...recording(analysis),
    ...kvCache(analysis),
    ...batching(analysis),
    ...stepTime(analysis),
    ...wastedWork(analysis),
  ];
  return gravestFirst(found);
}

/** The gravest first, otherwise in their order. */
export function gravestFirst(findings: readonly Finding[]): Finding[] {
  const order = { error: 0, warning: 1, info: 2 };
  return findings.toSorted((a, b) => order[a.severity] - order[b.severity]);
}

/** Whether the record is whole. */
function recording({ manifest, summary, cut }: SessionAnalysis): Finding[] {
  const found: Finding[] = noteFindings(manifest);
  const bad = manifest.hooks.filter(({ status }) => status === "failed");
  for (const { name, symbol, reason, process } of bad) {
    found.push({
      severity: "error",
      title: `The hook ${name} failed`,
      evidence: `${symbol ?? ""} in ${process}: ${reason ?? "no reason given"}`,
      advice: "vLLM was not affected; what this hook records is missing or incomplete",
    });
  }
  for (const { name, reasons } of silentProfilers(manifest.hooks)) {
    found.push({
      severity: "warning",
      title: `Nothing was recorded by ${name}`,
      evidence: reasons.join("; "),
      advice: "Its table is missing",
    });
  }
  for (const [table, lines] of Object.entries(cut)) {
    found.push({
      severity: "warning",
      title: `The last line of ${table} is cut off`,
      evidence: `${lines} line without an end`,
      advice: "The writer was killed, or still writes",
    });
  }
  if (manifest.status === undefined) {
    found.push({
      severity: "info",
      title: "The session is still running",
      evidence: "bundle.json has no status yet",
      advice: "Make the report again when it has ended",
    });
  }
  const difference = summary.tokens?.["difference"];
  if (difference && manifest.status === "complete" && !summary.requests?.["unfinished"]) {
    found.push({
      severity: "warning",
      title: "Steps and requests disagree on tokens",
      evidence: `${difference} tokens`,
      advice: "Some rows were not recorded; throughput figures are off by that much",
    });
  }
  return found;
}

function kvCache({ kv, batches, manifest }: SessionAnalysis): Finding[] {
  if (!kv || kv.statistics.count < ENOUGH_STEPS) return [];
  const peak = kv.statistics.max;
  const evidence = `peak ${percent(peak)}, median ${percent(kv.statistics.p50)} of ` +
    `${kv.totalBlocks} blocks in ${kv.statistics.count} samples`;
  if (peak > LIMIT.kvHigh.value) {
    return [{
      severity: "warning",
      title: "The KV cache is nearly full",
      evidence,
      advice: "Raise gpu_memory_utilization, or lower max_num_seqs, before requests are preempted",
    }];
  }
  if (peak < LIMIT.kvLow.value) {
    const busy = batches !== undefined && batches.sequenceShare.p95 >= LIMIT.batchFull.value;
    const length = manifest.engine["max_model_len"];
    return [{
      severity: "info",
      title: "The KV cache is larger than this load needs",
      evidence,
      advice: busy
        ? `Batches are full: raise max_num_seqs, or reduce max_model_len (now ${
          length ?? "unknown"
        })`
        : "Under full load: reduce max_model_len. This load did not fill the batches, so it " +
          "proves little",
    }];
  }
  return [];
}

function batching({ batches }: SessionAnalysis): Finding[] {
  if (!batches || batches.tokenShare.count < ENOUGH_STEPS) return [];
  const found: Finding[] = [];
  const steps = batches.tokenShare.count;
  const room = 100 * batches.waitingWithRoom / steps;
  if (room > LIMIT.waitingWithRoom.value) {
    found.push({
      severity: "warning",
      title: "Requests wait although the batch has room",
      evidence: `${percent(room)} of ${steps} steps`,
      advice: "Look at KV cache use and at max_num_batched_tokens: one of them holds them back",
    });
  }
  if (batches.sequenceShare.p50 >= LIMIT.batchFull.value && Math.max(0, ...batches.waiting.y) > 0) {
    found.push({
      severity: "info",
      title: "Batches are full and requests queue",
      evidence:
        `median ${percent(batches.sequenceShare.p50)} of max_num_seqs = ${batches.maxSeqs}, ` +
        `up to ${Math.max(...batches.waiting.y)} requests waiting`,
      advice: "Raise max_num_seqs if the KV cache has room; more engines if it has not",
    });
  }
  const low = 100 * batches.underutilized / steps;
  if (low > 90) {
    found.push({
      severity: "info",
      title: "Batches use little of their token budget",
      evidence: `${percent(low)} of ${steps} steps below ${LIMIT.tokenUtilizationLow.value} % of ` +
        `max_num_batched_tokens = ${batches.maxTokens}`,
      advice: "Usual while decoding: each request adds one token a step. More requests at a time " +
        "raise throughput until latency suffers",
    });
  }
  return found;
}

function stepTime({ phases, operations }: SessionAnalysis): Finding[] {
  const found: Finding[] = [];
  const of = (list: Timing[], name: string) => list.find((entry) => entry.name === name);
  const decode = of(phases, "decode")?.statistics;
  const mixed = of(phases, "mixed")?.statistics;
  if (decode && mixed && decode.count >= ENOUGH_STEPS && mixed.count >= 5) {
    const ratio = mixed.p95 / decode.p95;
    if (ratio > LIMIT.mixedStall.value) {
      found.push({
        severity: "warning",
        title: "Prefills stall requests that are decoding",
        evidence: `mixed steps p95 ${ms(mixed.p95)}, decode steps p95 ${ms(decode.p95)} ` +
          `(${ratio.toFixed(1)} times)`,
        advice: "Lower max_num_batched_tokens or long_prefill_token_threshold: prefills are " +
          "then cut into smaller chunks",
      });
    }
  }
  const engine = ["scheduling", "output_update"].flatMap((name) => of(operations, name) ?? []);
  const model = ["model_execution", "sampling"].flatMap((name) => of(operations, name) ?? []);
  const sum = (list: Timing[]) => list.reduce((total, { totalMs }) => total + totalMs, 0);
  const total = sum(engine) + sum(model);
  const share = 100 * sum(engine) / total;
  if (total > 0 && share > LIMIT.engineOverhead.value) {
    found.push({
      severity: "warning",
      title: "The scheduler takes a large part of each step",
      evidence: `${percent(share)} of ${(total / 1000).toFixed(2)} s`,
      advice: "Turn on asynchronous scheduling, or give vLLM faster or more CPU cores",
    });
  }
  return found;
}

function wastedWork({ summary }: SessionAnalysis): Finding[] {
  const tokens = summary.tokens;
  const useful = tokens?.["useful"];
  if (!tokens || !useful) return [];
  const found: Finding[] = [];
  const share = (name: string) => 100 * (tokens[name] ?? 0) / useful;
  if (share("recomputed") > 0) {
    found.push({
      severity: share("recomputed") > LIMIT.wastedTokens.value ? "warning" : "info",
      title: "Tokens were computed again after preemptions",
      evidence: `${tokens["recomputed"]} tokens, ${
        percent(share("recomputed"))
      } of the useful ones`,
      advice: "Give the KV cache more room, or take fewer requests at a time",
    });
  }
  if (share("overscheduled") > LIMIT.wastedTokens.value) {
    found.push({
      severity: "info",
      title: "Tokens were computed past the end of requests",
      evidence: `${tokens["overscheduled"]} tokens, ${percent(share("overscheduled"))}`,
      advice: "The price of asynchronous scheduling and of stop strings; it matters with very " +
        "short answers only",
    });
  }
  return found;
}
