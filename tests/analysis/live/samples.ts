/** Metrics as numbers, and those of a merged session. */

import assert from "node:assert/strict";
import { exposition } from "../../../kit/analysis/metrics/families.ts";
import { sessionMetrics } from "../../../kit/analysis/metrics/session_metrics.ts";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";

/** Samples by name and labels. */
export function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((whole) => {
    // An exemplar is no part of the value.
    const line = whole.replace(/ # \{.*$/, "");
    const end = line.lastIndexOf(" ");
    return [line.slice(0, end), Number(line.slice(end + 1))];
  }));
}

/** The metrics of a merged session. */
export async function mergedText(dir: string): Promise<string> {
  const manifest = (await readManifest(Deno, dir))!;
  return exposition(Object.values(await sessionMetrics(Deno, dir, manifest)));
}

/** Equal to the last count; sums of decimal fractions in their first twelve digits. */
export function assertSame(found: string, expected: string): void {
  const [a, b] = [samplesOf(found), samplesOf(expected)];
  assert.deepEqual([...a.keys()].sort(), [...b.keys()].sort());
  for (const [key, value] of b) {
    if (Number.isInteger(value)) assert.equal(a.get(key), value, key);
    else assert.ok(Math.abs(a.get(key)! - value) <= 1e-12 * Math.abs(value), key);
  }
}
