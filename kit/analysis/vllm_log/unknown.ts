/**
 * Lines that should tell something and are in no form that is known: of a version to come, torn by
 * two processes that wrote at one time, or cut.
 *
 * @module
 */

import type { UnknownLine } from "../capture/log_model.ts";

/** So many are shown. */
const MOST_SHOWN = 20;

const MOST_LETTERS = 160;

/** How messages begin that were to be read. */
const BEGINNINGS =
  /^(?:(?:Engine \d+: |\d+ Engines Aggregated: )?(?:Iteration\(|Avg prompt throughput)|Received request |Added request |Aborted request\(s\) |Generated response \S+(?: \(streaming \w+\))?: |Maximum concurrency for |Available KV cache memory|\w+ KV cache size:)/;

/** What torn lines hold, without a quote before it. */
const INSIDE =
  /^[^"'{}]*(?:iteration elapsed time:|\d context requests, |Avg generation throughput:|tokens per request: \d)/;

/** Keeps the first of them. */
export class UnknownLines {
  count = 0;
  readonly shown: UnknownLine[] = [];

  /** Whether a message that was not understood should have been. */
  static isOne(message: string): boolean {
    return BEGINNINGS.test(message) || INSIDE.test(message);
  }

  /** Takes a line. */
  add(path: string, line: number, text: string): void {
    this.count++;
    if (this.shown.length === MOST_SHOWN) return;
    this.shown.push({
      path,
      line,
      text: text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text,
    });
  }
}
