/**
 * What nsys says while it records, among the output of its target.
 *
 * @module
 */

/** How many of the last lines are kept. */
const KEPT = 40;

/** Listens to the lines of a recording. */
export class NsysTalk {
  /** The profiler's range has begun. */
  rangeBegan = false;
  rangeEnded = false;
  /** It has begun to write a report. */
  generating = false;
  /** It says that there is nothing to report. */
  empty = false;
  diskFull = false;
  /** An option that this nsys does not know. */
  unknownOption: string | undefined;
  /** The exception that a Python of the target ended with, or printed last. */
  exception: string | undefined;
  #inTraceback = false;
  readonly last: string[] = [];

  /** Takes a line. */
  hear(line: string): void {
    const text = line.replace(/^.*\r(?=.)/s, "").trimEnd();
    if (text.trim() !== "") this.last.push(text);
    if (this.last.length > KEPT) this.last.shift();
    if (/^Capture range started/.test(line)) this.rangeBegan = true;
    if (/^Capture range ended/.test(line)) this.rangeEnded = true;
    if (/^Generating '/.test(line)) this.generating = true;
    if (/^\s*No reports were generated/.test(line)) this.empty = true;
    if (/No space left on device|disk (is )?full/i.test(line)) this.diskFull = true;
    if (/^Traceback \(most recent call last\)/.test(line)) this.#inTraceback = true;
    else if (this.#inTraceback && /^[\w.]*(Error|Exception|Exit|Interrupt)\b/.test(line)) {
      [this.exception, this.#inTraceback] = [text, false];
    }
    this.unknownOption ??= /^unrecogni[sz]ed option '([^']+)'/.exec(line)?.[1];
  }

  /** The last lines, for a message. */
  tail(count: number): string {
    return this.last.slice(-count).map((line) => `  ${line.slice(0, 300)}`).join("\n");
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
