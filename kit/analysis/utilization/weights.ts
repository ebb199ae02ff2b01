/**
 * How many weights a model has, by the part that reads them.
 *
 * Matrices only. Norms and biases are left out: they are some millionths of a model, and what is
 * done with them is no matrix multiplication.
 *
 * @module
 */

import type { ModelShape } from "./model_shape.ts";

/** Weights of all layers together, but for `expert`. */
export interface Weights {
  /** hidden x (heads + 2 kvHeads) headDim, and heads headDim x hidden, per layer. */
  projections: number;
  /** Gate, up and down of the dense MLPs: 3 hidden x width per layer. */
  dense: number;
  /** hidden x columns per layer with experts. */
  router: number;
  /** 3 hidden x shared width per layer with experts. */
  sharedExperts: number;
  /** One routed expert in every layer that has them: 3 hidden x width each. */
  expert: number;
  /** hidden x vocabulary. */
  head: number;
  /** Vocabulary x hidden; 0 where the head's matrix serves for both. */
  embedding: number;
}

/** Counts the weights of a model. */
export function weightsOf(shape: ModelShape): Weights {
  const { hiddenSize, layers, heads, kvHeads, headDim, experts } = shape;
  const gated = (width: number) => 3 * hiddenSize * width;
  const head = hiddenSize * shape.vocabSize;
  const sparse = experts?.layers ?? 0;
  return {
    projections: layers * hiddenSize * headDim * (2 * heads + 2 * kvHeads),
    dense: shape.denseLayers * gated(shape.denseIntermediateSize),
    router: sparse * hiddenSize * (experts?.routerColumns ?? 0),
    sharedExperts: sparse * gated(experts?.sharedIntermediateSize ?? 0),
    expert: sparse * gated(experts?.intermediateSize ?? 0),
    head,
    embedding: shape.tied ? 0 : head,
  };
}

/**
 * Parameters as model cards count them: `total`, and `active`, those of the experts that one token
 * goes through and of everything else, embedding and head included.
 */
export function parameterCount(shape: ModelShape): { total: number; active: number } {
  const weights = weightsOf(shape);
  const always = weights.projections + weights.dense + weights.router + weights.sharedExperts +
    weights.head + weights.embedding;
  return {
    total: always + weights.expert * (shape.experts?.count ?? 0),
    active: always + weights.expert * (shape.experts?.perToken ?? 0),
  };
}
