/**
 * Six questions that people ask of a session, each answered in one sentence or not at all.
 *
 * @module
 */

import { driftOf } from "./experts.ts";
import { percent } from "./findings.ts";
import type { SessionAnalysis } from "./session.ts";
import { THRESHOLDS as LIMIT } from "./thresholds.ts";

/** A question and what the session says to it. */
export interface Answer {
  question: string;
  answer: string;
  /** Whether something should be done. */
  mood: "good" | "bad" | "unknown";
}

/** All six; one that the session cannot answer says why. */
export function answerQuestions(analysis: SessionAnalysis): Answer[] {
  return [
    { question: "Which batch sizes are used?", ...batchSizes(analysis) },
    { question: "Is max_model_len too large?", ...modelLength(analysis) },
    { question: "Do requests use CUDA graphs?", ...graphs(analysis) },
    { question: "Does prefix caching work?", ...prefixCaching(analysis) },
    { question: "Are the experts balanced?", ...balance(analysis) },
    { question: "Which experts go together?", ...pairs(analysis) },
  ];
}

type Found = Omit<Answer, "question">;
const unknown = (why: string): Found => ({ answer: `Not known: ${why}.`, mood: "unknown" });

function batchSizes({ graphs, batches }: SessionAnalysis): Found {
  const replayed = (graphs?.uses ?? []).filter(({ replays }) => replays > 0);
  const total = replayed.reduce((sum, { replays }) => sum + replays, 0);
  const first = replayed[0];
  if (first) {
    const share = percent(100 * first.replays / total);
    return {
      answer:
        `${replayed.length} graph size${replayed.length === 1 ? " was" : "s were"} replayed; ` +
        `${first.mode} of ${first.tokens} tokens most, ` +
        `${share} of ${total} replays.`,
      mood: "good",
    };
  }
  if (!batches) return unknown("no batch was recorded");
  const { p50, p95, max } = batches.sequenceShare;
  const requests = (share: number) => Math.round(share * batches.maxSeqs / 100);
  return {
    answer: `Batches held ${requests(p50)} requests at the median, ${requests(p95)} at p95 and ` +
      `${requests(max)} at most, of max_num_seqs = ${batches.maxSeqs}.`,
    mood: "good",
  };
}

function modelLength({ kv, manifest, longestRequest }: SessionAnalysis): Found {
  if (!kv) return unknown("no use of the KV cache was recorded");
  const length = Number(manifest.engine["max_model_len"]);
  const peak = percent(kv.statistics.max);
  const longest = longestRequest === undefined || !Number.isFinite(length)
    ? ""
    : `, and the longest request had ${longestRequest} of ${length} tokens`;
  if (kv.statistics.max > LIMIT.kvHigh.value) {
    return {
      answer: `The KV cache was full to ${peak}${longest}: raise gpu_memory_utilization.`,
      mood: "bad",
    };
  }
  if (kv.statistics.max < LIMIT.kvGoodFrom.value) {
    const idle = longestRequest !== undefined && longestRequest < length / 2;
    return {
      answer: `The KV cache peaked at ${peak}${longest}: ` +
        (idle ? "max_model_len can be lowered." : "it has room to spare."),
      mood: idle ? "bad" : "good",
    };
  }
  return { answer: `The KV cache peaked at ${peak}${longest}: the sizes fit.`, mood: "good" };
}

function graphs({ graphs, manifest }: SessionAnalysis): Found {
  const coverage = graphs?.summary.coverage_pct;
  if (coverage === undefined) return unknown("no pass was watched for graphs");
  const { replayed_passes: replayed, forward_passes: passes } = graphs!.summary;
  const waste = graphs!.summary.padding_waste_pct;
  if (!replayed) {
    const eager = manifest.engine["enforce_eager"] === true ? " (enforce_eager is on)" : "";
    return { answer: `No: none of ${passes} passes replayed a graph${eager}.`, mood: "bad" };
  }
  return {
    answer: `${percent(coverage)} of ${passes} passes replayed a graph` +
      (waste === undefined ? "." : `, ${percent(waste)} of their tokens were padding.`),
    mood: coverage >= LIMIT.graphCoverage.value ? "good" : "bad",
  };
}

function prefixCaching({ summary, manifest, evictions }: SessionAnalysis): Found {
  if (manifest.engine["enable_prefix_caching"] === false) {
    return { answer: "It is switched off (enable_prefix_caching = False).", mood: "unknown" };
  }
  const [prompt, cached] = [
    Number(summary.requests?.["prompt_tokens"]),
    Number(summary.requests?.["cached_tokens"]),
  ];
  if (!(prompt > 0)) return unknown("no request was recorded");
  const share = 100 * cached / prompt;
  const given = evictions === undefined
    ? ""
    : evictions.count === 0
    ? "; no cached block was evicted"
    : `; ${evictions.count} cached blocks were evicted, after ${
      evictions.lifetimeSec.toFixed(1)
    } s on average, ${evictions.neverUsed} of them never used again`;
  return {
    answer: `${percent(share)} of ${prompt} prompt tokens came from the cache${given}.`,
    mood: share > 0 ? "good" : "bad",
  };
}

function balance({ experts }: SessionAnalysis): Found {
  if (!experts) return unknown("the model has no experts, or none were counted");
  const unused = experts.layers.filter(({ coveragePct }) => coveragePct < 100).length;
  const worst = experts.layers.reduce((a, b) => b.stdOverMean > a.stdOverMean ? b : a);
  const uneven =
    experts.layers.filter(({ maxMinRatio, stdOverMean }) =>
      maxMinRatio === undefined || maxMinRatio >= LIMIT.expertRatio.value ||
      stdOverMean >= LIMIT.expertDeviation.value
    ).length;
  const layers = experts.layers.length;
  const ratio = worst.maxMinRatio === undefined
    ? ""
    : ` and a largest load ${worst.maxMinRatio.toFixed(1)} times the smallest`;
  const idle = unused > 0 ? `; ${unused} layers have experts that nobody chose` : "";
  const drift = experts.quarters && driftOf(experts.quarters);
  const stable = drift === undefined
    ? ""
    : drift < LIMIT.expertDrift.value
    ? "; stable over time"
    : `; not stable: between quarters of the run the deviation moves by ${
      percent(100 * drift)
    } of the mean`;
  const detail = `layer ${worst.layer} is the most uneven, with a deviation of ${
    percent(100 * worst.stdOverMean)
  } of the mean${ratio}${idle}${stable}`;
  return uneven === 0 ? { answer: `Yes, in all ${layers} layers; ${detail}.`, mood: "good" } : {
    answer: `No: ${uneven} of ${layers} layers are uneven (a deviation from ${
      percent(100 * LIMIT.expertDeviation.value)
    } of the mean, or loads ${LIMIT.expertRatio.value} times apart); ${detail}.`,
    mood: "bad",
  };
}

function pairs({ experts }: SessionAnalysis): Found {
  const pair = experts?.pairs[0];
  if (!experts || !pair) return unknown("no pair of experts was counted");
  const layer = experts.layers.find((found) => found.layer === pair.layer)!;
  // A token that chose both is in the load of the less chosen of the two at most once.
  const least = Math.min(layer.counts[pair.first] ?? 0, layer.counts[pair.second] ?? 0);
  const share = least > 0
    ? `, ${percent(100 * pair.count / least)} of the rarer one's choices`
    : "";
  return {
    answer: `Most often ${pair.first} and ${pair.second} of layer ${pair.layer}: ` +
      `${pair.count} times${share}.`,
    mood: "good",
  };
}
