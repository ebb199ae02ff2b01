/**
 * How fine the grids are that a sweep's meta tells of.
 *
 * @module
 */

import type { Density } from "../grids/limits.ts";
import { part } from "../sweep_folder.ts";
import { type LintSubject, metaNumber } from "./subject.ts";

/** The densities that meta tells of; undefined where it leaves one out. */
export function densityOf(subject: LintSubject): Density | undefined {
  const attentionOf = (key: string) => metaNumber(subject, "attention_grid", key);
  const factors = part(part(subject.meta?.values, "skew_profile"), "factors");
  const density = {
    attentionMaxKv: attentionOf("max_kv"),
    attentionChunkFactor: attentionOf("chunk_factor"),
    attentionKvFactor: attentionOf("kv_factor"),
    moeFactor: metaNumber(subject, "moe_grid", "factor") ?? 2,
    skewNFactor: factors["n"] ?? 2,
    skewPcFactor: factors["pc"] ?? 2,
    skewKpFactor: factors["kp"] ?? 2,
    skewKvsFactor: factors["kvs"] ?? 2,
  };
  return Object.values(density).every((value) => typeof value === "number")
    ? density as Density
    : undefined;
}
