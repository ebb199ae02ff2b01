/**
 * What the figures of a capture say, with their evidence and what to do about it.
 *
 * A finding is made only where the data can carry it.
 *
 * @module
 */

import { type Finding, gravestFirst, percent } from "../findings.ts";
import { THRESHOLDS as LIMIT } from "../thresholds.ts";
import type { IdleCause } from "./idle_model.ts";
import type { CaptureAnalysis } from "./model.ts";

/** Fewer kernels than this say nothing about a load. */
const ENOUGH_KERNELS = 200;

const CAUSES: Readonly<Record<IdleCause, string>> = {
  host_between_steps: "the host between two steps",
  host_in_step: "the host within a step",
  host: "the host",
  launch_latency: "launches on their way",
  queued: "dependencies of kernels that were queued",
  copy: "copies",
  unknown: "unknown",
};

const ms = (ns: number) => `${(ns / 1e6).toFixed(2)} ms`;

/** The findings, the gravest first. */
export function findCaptureFindings(analysis: CaptureAnalysis): Finding[] {
  return gravestFirst([
    ...recording(analysis),
    ...idleness(analysis),
    ...graphs(analysis),
    ...communication(analysis),
    ...ranks(analysis),
    ...classification(analysis),
  ]);
}

function recording(analysis: CaptureAnalysis): Finding[] {
  const { partial = [], gpu, environment, kind } = analysis;
  const found: Finding[] = partial.map(({ path, reason, events }) => ({
    severity: "warning",
    title: "The capture is incomplete",
    evidence: `${path}: ${reason}${events === undefined ? "" : ` (${events})`}`,
    advice: "Every figure counts only what could be read",
  }));
  if (kind === "torch" && !gpu) {
    found.push({
      severity: "info",
      title: "The trace holds no GPU kernel",
      evidence: "CPU operators and ranges only",
      advice: partial.length > 0
        ? "What devices did is written last: it may be in the part that is missing"
        : "Right for a CPU build. On a GPU: record CUDA activities, and let no other profiler " +
          "hold the GPU",
    });
  }
  if (kind === "nsys") found.push(...recordingOfNsys(analysis));
  if (environment?.with_stack) {
    found.push({
      severity: "info",
      title: "Python stacks were recorded",
      evidence: "with_stack is on",
      advice: "Stacks slow the host down: its times and the GPU's idle time are longer than usual",
    });
  }
  return found;
}

function recordingOfNsys(
  { gpu, graph_executions, diagnostics = [] }: CaptureAnalysis,
): Finding[] {
  const found: Finding[] = [];
  const grave = diagnostics.filter(({ severity }) => severity !== "info");
  if (grave.length > 0) {
    const isError = grave.some(({ severity }) => severity === "error");
    found.push({
      severity: isError || !gpu ? "warning" : "info",
      title: "nsys was not content with its recording",
      evidence: grave.map(({ text, count }) => count > 1 ? `${text} (${count} times)` : text)
        .join(" "),
      advice: gpu
        ? "Processes that use no GPU are a usual reason; compare the kernels with what ran"
        : "See that the process with the GPU was followed (--trace-fork-before-exec=true)",
    });
  }
  if (!gpu) {
    found.push({
      severity: "warning",
      title: "The capture holds no GPU kernel",
      evidence: "Calls of CUDA or NVTX ranges only",
      advice: "Record with --trace=cuda,nvtx and --trace-fork-before-exec=true, with work inside " +
        "the capture range, and let no other profiler hold the GPU",
    });
  }
  if (graph_executions) {
    const runs = graph_executions.reduce((sum, { count }) => sum + count, 0);
    found.push({
      severity: "info",
      title: "CUDA graphs were recorded as a whole",
      evidence:
        `${runs} executions, whose kernels are not known: kernels and categories have only ` +
        "what ran outside graphs",
      advice: "Record with --cuda-graph-trace=node to see kernels in graphs; it slows replays down",
    });
  }
  return found;
}

function idleness({ gpu, idle = [], launch_bound }: CaptureAnalysis): Finding[] {
  if (!gpu || gpu.kernel_count < ENOUGH_KERNELS) return [];
  const found: Finding[] = [];
  const share = 100 * gpu.idle_share;
  if (share > LIMIT.gpuIdle.value) {
    const causes = idle.slice(0, 3).map(({ cause, share }) =>
      `${percent(100 * share)} ${CAUSES[cause]}`
    );
    found.push({
      severity: "warning",
      title: "The GPU is idle for a large part of the time",
      evidence: `${percent(share)} of ${ms(gpu.span_ns)}; of it ${causes.join(", ")}`,
      advice: "More requests at a time fill it, if latency allows; look at the causes first",
    });
  }
  const waits = 100 * (launch_bound?.share ?? 0);
  if (launch_bound && waits > LIMIT.launchBound.value) {
    found.push({
      severity: "warning",
      title: "The GPU waits for the host to launch kernels",
      evidence: `${percent(waits)} of the time; ${launch_bound.launches_on_idle} of ` +
        `${launch_bound.launches} launches found it idle`,
      advice:
        "Let vLLM use CUDA graphs (no --enforce-eager) and asynchronous scheduling; give it " +
        "faster or more CPU cores",
    });
  }
  return found;
}

function graphs({ cuda_graphs, phases = [] }: CaptureAnalysis): Finding[] {
  if (!cuda_graphs || cuda_graphs.kernels_total < ENOUGH_KERNELS) return [];
  const coverage = 100 * cuda_graphs.coverage;
  if (coverage >= LIMIT.kernelGraphCoverage.value) return [];
  const steps = phases.map(({ phase, iterations }) => `${iterations} ${phase}`).join(", ");
  return [{
    severity: "info",
    title: "Few kernels are replayed from CUDA graphs",
    evidence: `${percent(coverage)} of ${cuda_graphs.kernels_total} kernels` +
      (steps ? ` (steps: ${steps})` : ""),
    advice: "Prefills are larger than the captured batches, which is usual. Decode steps outside " +
      "graphs come from --enforce-eager or from batches above the largest captured size",
  }];
}

function communication({ communication: found, gpu }: CaptureAnalysis): Finding[] {
  if (!found || !gpu) return [];
  const share = 100 * found.exposed_ns / gpu.busy_time_ns;
  if (!(share > LIMIT.exposedCommunication.value)) return [];
  return [{
    severity: "warning",
    title: "Communication is not hidden behind computation",
    evidence: `${percent(share)} of busy time runs collectives alone; ${
      percent(100 * found.overlap_share)
    } of their ${ms(found.busy_ns)} overlap`,
    advice:
      "Fewer ranks per replica, or a faster link; ranks that wait for a slow one show up here",
  }];
}

function ranks({ ranks = [] }: CaptureAnalysis): Finding[] {
  const slow = ranks.find(({ slowest }) => slowest);
  if (!slow) return [];
  const name = slow.rank !== undefined
    ? `rank ${slow.rank}`
    : slow.pid !== undefined
    ? `process ${slow.pid}`
    : slow.path;
  const others = ranks.filter((row) => row !== slow && row.compute_ns !== undefined);
  const mean = others.reduce((sum, { compute_ns }) => sum + compute_ns!, 0) / others.length;
  const excess = 100 * (slow.compute_ns! / mean - 1);
  return [{
    severity: excess > LIMIT.slowRank.value ? "warning" : "info",
    title: `The slowest is ${name}`,
    evidence: `${ms(slow.compute_ns!)} of computation, ${percent(excess)} more than the mean of ` +
      "the others",
    advice:
      "The others wait for it in their collectives: look for uneven experts, a throttled or " +
      "shared GPU",
  }];
}

function classification({ categories = [] }: CaptureAnalysis): Finding[] {
  const other = 100 * (categories.find(({ category }) => category === "other")?.share ?? 0);
  if (other <= LIMIT.unclassified.value) return [];
  return [{
    severity: "info",
    title: "Many kernels are of no known kind",
    evidence: `${percent(other)} of kernel time is in category other`,
    advice: "Shares of the other categories are too low by up to that much",
  }];
}
