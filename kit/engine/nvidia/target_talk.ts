/**
 * What a profiler and its target print, as far as it is the same for all.
 *
 * @module
 */

/** How many of the last lines are kept. */
const KEPT = 40;

/** Listens to lines. */
export class TargetTalk {
  diskFull = false;
  /** An option that this profiler does not know. */
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
    if (/No space left on device|disk (is )?full/i.test(line)) this.diskFull = true;
    if (/^Traceback \(most recent call last\)/.test(line)) this.#inTraceback = true;
    else if (this.#inTraceback && /^[\w.]*(Error|Exception|Exit|Interrupt)\b/.test(line)) {
      [this.exception, this.#inTraceback] = [text, false];
    }
    this.unknownOption ??= /^(?:==ERROR== )?unrecogni[sz]ed option '([^']+)'/.exec(line)?.[1];
  }

  /** The last lines, for a message. */
  tail(count: number): string {
    return this.last.slice(-count).map((line) => `  ${line.slice(0, 300)}`).join("\n");
  }
}
