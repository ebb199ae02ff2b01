/**
 * The readers of captures, in the order in which they are asked. Each is loaded when a file is to
 * be read.
 *
 * @module
 */

import type { CaptureReader } from "./reader.ts";

/** Every reader. */
export const readers: readonly (() => Promise<CaptureReader>)[] = [
  async () => (await import("../nsys/reader.ts")).default,
  async () => (await import("../torch/reader.ts")).default,
  async () => (await import("../ncu/reader.ts")).default,
  async () => (await import("../vllm_log/reader.ts")).default,
];
