/**
 * The experts of a mixture-of-experts model, and which of its layers have them.
 *
 * @module
 */

/** Experts, the same in every layer that has them. */
export interface ExpertShape {
  /** Layers with experts. */
  layers: number;
  /** Routed experts of a layer. */
  count: number;
  /** Routed experts that a token goes through, in a layer. */
  perToken: number;
  /** Inner width of a routed expert. */
  intermediateSize: number;
  /** Inner width of all shared experts of a layer together; 0 without any. */
  sharedIntermediateSize: number;
  /** Columns of the router: one per expert, and one where a gate weighs the shared expert. */
  routerColumns: number;
}

/** Reads the experts of a configuration; undefined where a size is missing or makes no sense. */
export function readExperts(
  config: Record<string, unknown>,
  layers: number,
  width: "moe_intermediate_size" | "intermediate_size",
): ExpertShape | undefined {
  const whole = (name: string, missing?: number) => {
    const value = config[name] ?? missing;
    return Number.isSafeInteger(value) && value as number >= 0 ? value as number : undefined;
  };
  const count = whole("num_experts") ?? whole("num_local_experts") ?? whole("n_routed_experts");
  const perToken = whole("num_experts_per_tok");
  const intermediateSize = whole(width);
  if (!count || !perToken || perToken > count || !intermediateSize) return undefined;

  const gated = whole("shared_expert_intermediate_size", 0);
  const shared = whole("n_shared_experts", 0);
  const step = whole("decoder_sparse_step", 1);
  const frequency = whole("moe_layer_freq", 1);
  const firstDense = whole("first_k_dense_replace", 0);
  const denseOnes = config["mlp_only_layers"] ?? [];
  if (gated === undefined || shared === undefined || firstDense === undefined) return undefined;
  if (!step || !frequency || !Array.isArray(denseOnes)) return undefined;
  // Qwen counts its steps from 1, DeepSeek its frequency from 0; neither has the other's key.
  const sparse = Array.from({ length: layers }, (_, layer) => layer).filter((layer) =>
    (layer + 1) % step === 0 && !denseOnes.includes(layer) &&
    layer >= firstDense && layer % frequency === 0
  );
  // Calling a model dense that says it has experts would be a guess.
  if (sparse.length === 0) return undefined;
  return {
    layers: sparse.length,
    count,
    perToken,
    intermediateSize,
    sharedIntermediateSize: gated + shared * intermediateSize,
    routerColumns: count + (gated > 0 ? 1 : 0),
  };
}
