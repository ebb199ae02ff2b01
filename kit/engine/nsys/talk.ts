/**
 * What nsys says while it records, among the output of its target.
 *
 * @module
 */

import { TargetTalk } from "../nvidia/target_talk.ts";

/** Listens to the lines of a recording. */
export class NsysTalk extends TargetTalk {
  /** The profiler's range has begun. */
  rangeBegan = false;
  rangeEnded = false;
  /** It has begun to write a report. */
  generating = false;
  /** It says that there is nothing to report. */
  empty = false;

  /** Takes a line. */
  override hear(line: string): void {
    super.hear(line);
    if (/^Capture range started/.test(line)) this.rangeBegan = true;
    if (/^Capture range ended/.test(line)) this.rangeEnded = true;
    if (/^Generating '/.test(line)) this.generating = true;
    if (/^\s*No reports were generated/.test(line)) this.empty = true;
  }
}

/** The files that nsys names behind "Generated:". */
export function generatedIn(lines: readonly string[]): string[] {
  const from = lines.findIndex((line) => line.trim() === "Generated:");
  if (from < 0) return [];
  return lines.slice(from + 1)
    .map((line) => line.trim())
    .filter((line) => /\.(nsys-rep|sqlite|qdstrm)$/.test(line));
}
