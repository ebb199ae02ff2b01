/**
 * What one forward pass has to compute and to move, at the least.
 *
 * @module
 */

import type { ModelShape } from "./model_shape.ts";
import { weightsOf } from "./weights.ts";

/** A step of the engine. `attention_work.ts` has the two sums over its requests. */
export interface Step {
  contextTokens: number;
  generationTokens: number;
  contextRequests: number;
  generationRequests: number;
  /** Pairs of query and key, summed over the requests. */
  attentionPairs: number;
  /** Tokens whose keys and values are read, cached and new, summed over the requests. */
  kvTokens: number;
  /**
   * Rows that logits are computed for. Where absent, one per request: without speculation vLLM does
   * so, even for prompts that are not complete yet.
   */
  sampledRequests?: number;
  /** Distinct routed experts at work, mean of the layers; where absent, what is to be expected. */
  activatedExpertsPerLayer?: number;
}

/** Bytes that an element takes; 0.5 for four bits. */
export interface ElementBytes {
  /** Weights of projections, MLPs and experts: what quantization makes smaller. */
  weightBytes: number;
  /** Of the model's own dtype, in which quantized models keep embedding, router and head too. */
  activationBytes: number;
  kvBytes: number;
}

/** Floating point operations, and bytes to or from the device's memory. */
export interface Cost {
  flops: number;
  bytes: number;
}

/** Parts of a pass. */
export const PARTS = [
  "embedding",
  "projections",
  "kvWrite",
  "attention",
  "dense",
  "router",
  "experts",
  "sharedExperts",
  "lmHead",
] as const;

/** A part of a pass. */
export type Part = typeof PARTS[number];

/**
 * The cost of one forward pass, on all ranks of an engine together.
 *
 * Operations: 2 per weight and token for each matrix (a multiplication and an addition); attention
 * 2 x 2 x heads x headDim per pair and layer, for Q K^T and for the weights times V, as in section
 * 3.2 of "Attention Is All You Need" (Vaswani et al., 2017). Only pairs that causality leaves are
 * counted. Left out, as in appendix B of "PaLM" (Chowdhery et al., 2022): norms, rotation,
 * activation functions, softmax, sampling, and work that a kernel does twice or on padding.
 *
 * Bytes: every weight that is used, once; a row of the embedding per token; keys and values,
 * 2 x kvHeads x headDim per token and layer, read once per request and written once per new token.
 * Left out: activations between kernels, which caches may hold or may not; scales of quantized
 * weights; keys read again by another block of queries, or by ranks that share a KV head. Nothing
 * that is counted can be saved, other than where requests share a prefix and a kernel makes use of
 * it, or where tokens choose fewer experts than expected: else this is a lower bound.
 *
 * Engines that are replicas (data parallelism) read their weights each: cost their steps one by one.
 */
export function stepCost(
  shape: ModelShape,
  step: Step,
  dtypes: ElementBytes,
): Cost & { parts: Record<Part, Cost> } {
  const { hiddenSize, layers, heads, kvHeads, headDim, experts } = shape;
  const { weightBytes, activationBytes, kvBytes } = dtypes;
  const weights = weightsOf(shape);
  const tokens = step.contextTokens + step.generationTokens;
  const rows = step.sampledRequests ?? step.contextRequests + step.generationRequests;
  const kvSize = layers * 2 * kvHeads * headDim * kvBytes;
  /** `count` weights that all `rows` are multiplied with. */
  const product = (count: number, rows: number, size: number): Cost => ({
    flops: 2 * rows * count,
    bytes: rows > 0 ? count * size : 0,
  });
  const activated = step.activatedExpertsPerLayer ??
    expectedExperts(experts?.count ?? 0, experts?.perToken ?? 0, tokens);
  const parts: Record<Part, Cost> = {
    embedding: { flops: 0, bytes: tokens * hiddenSize * activationBytes },
    projections: product(weights.projections, tokens, weightBytes),
    kvWrite: { flops: 0, bytes: tokens * kvSize },
    attention: {
      flops: layers * 4 * heads * headDim * step.attentionPairs,
      bytes: step.kvTokens * kvSize,
    },
    dense: product(weights.dense, tokens, weightBytes),
    router: product(weights.router, tokens, activationBytes),
    experts: {
      flops: 2 * tokens * (experts?.perToken ?? 0) * weights.expert,
      bytes: tokens > 0 ? activated * weights.expert * weightBytes : 0,
    },
    sharedExperts: product(weights.sharedExperts, tokens, weightBytes),
    lmHead: product(weights.head, rows, activationBytes),
  };
  const total = (of: keyof Cost) => PARTS.reduce((sum, part) => sum + parts[part][of], 0);
  return { flops: total("flops"), bytes: total("bytes"), parts };
}

/**
 * Distinct experts of a layer that `tokens` tokens choose, if each chooses `perToken` of `count` by
 * chance: count x (1 - (1 - perToken / count)^tokens). Real routers have favourites: fewer then.
 */
export function expectedExperts(count: number, perToken: number, tokens: number): number {
  return count === 0 ? 0 : count * (1 - (1 - perToken / count) ** tokens);
}
