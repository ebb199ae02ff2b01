/**
 * `metal.json`: what a frame capture was expected to be, and what it became.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import type { CaptureRecord } from "./manifest.ts";

/** Name of the file within the bundle. */
export const METAL_NAME = "metal.json";

/** What a guard found. */
export interface GuardRecord {
  name: string;
  outcome: "ok" | "warning" | "refused" | "unknown";
  /** What there is. */
  found: string;
  /** What to do about it. */
  remedy?: string;
  /** Of what was looked at, where it has one. */
  version?: string;
}

/** What a capture will take, from what is measured of others. */
export interface MetalEstimate {
  /** Bytes on the disk that all captures are expected to take. */
  expected_bytes: number;
  /** The same by the figure for a single forward pass, which is larger. */
  upper_bytes: number;
  /** How long the captured requests take, without the server's start. */
  seconds: number;
  /** Forward passes in each capture: one a token. */
  passes: number;
  captures: number;
  /** Size against the model that was measured. */
  scale: number;
  /** How the figures came about, a sentence each. */
  basis: string[];
}

/** One capture. */
export interface MetalCapture {
  /** From 1. */
  number: number;
  /** What the server was asked to begin the trace's name with. */
  prefix: string;
  /** Whether a trace was found that has stopped growing and is not empty. */
  verified: boolean;
  /** Why not. */
  problem?: string;
  traces: CaptureRecord[];
  prompt_tokens?: number;
  completion_tokens?: number;
  /** How long the captured request took. */
  request_seconds?: number;
  /** How long the answer to the stop took. */
  stop_seconds?: number;
  /** From the answer to the stop until the trace had not changed for a while. */
  settle_seconds?: number;
}

/** What `metal.json` holds. */
export interface MetalRecord {
  schema_version: 1;
  form: "server" | "attach" | "offline";
  /** Where the traces were looked for. */
  trace_dir: string;
  memory_fraction?: string;
  max_tokens: number;
  estimate: MetalEstimate;
  guards: GuardRecord[];
  /** The same request without a capture, which tells how much slower the capture is. */
  uncaptured_seconds?: number;
  captures: MetalCapture[];
}

/** Reads the record of a bundle; undefined where there is none that can be read. */
export async function readMetalRecord(
  files: FileSystem,
  dir: string,
): Promise<MetalRecord | undefined> {
  try {
    const record = JSON.parse(await files.readTextFile(`${dir}/${METAL_NAME}`));
    const whole = record?.schema_version === 1 && Array.isArray(record.captures) &&
      Array.isArray(record.guards) && Array.isArray(record.estimate?.basis);
    return whole ? record : undefined;
  } catch {
    return undefined;
  }
}
