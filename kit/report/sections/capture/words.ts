/**
 * What the words of a capture's page mean.
 *
 * @module
 */

import { definitions } from "../words.ts";

/** Definitions. */
export const captureWords = definitions([
  ["step", "one pass of the engine: a batch is scheduled, computed, and its tokens are sampled"],
  ["prefill", "a step in which every request computes its prompt (context) tokens"],
  ["decode", "a step in which every request adds a token to its answer"],
  ["mixed", "a step with some of both"],
  ["busy", "at least one kernel runs on the GPU; kernels on several streams count once"],
  ["own time", "an operator’s time without the operators that it calls"],
  ["launch", "the host hands a kernel, or a whole CUDA graph, to the GPU"],
  ["hidden communication", "other kernels run at the same time, so that nobody waits for it"],
]);
