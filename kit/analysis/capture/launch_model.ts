/**
 * How kernels were launched, and what nsys says of a recording: parts of the document that only nsys
 * exports have.
 *
 * @module
 */

import type { Category } from "./model.ts";

/** Blocks of a grid, or threads of a block: x, y, z. */
export type Dim3 = readonly [x: number, y: number, z: number];

/** Runs of a kernel that were launched in one way. */
export interface LaunchConfigurationRow {
  readonly name: string;
  readonly category: Category;
  readonly grid: Dim3;
  readonly block: Dim3;
  readonly registers_per_thread?: number;
  readonly static_shared_bytes?: number;
  readonly dynamic_shared_bytes?: number;
  readonly count: number;
  readonly total_ns: number;
  readonly avg_ns: number;
  readonly min_ns: number;
  readonly max_ns: number;
}

/** What the tool that recorded says about the recording. */
export interface DiagnosticRow {
  readonly severity: "info" | "warning" | "error";
  readonly count: number;
  readonly text: string;
}
