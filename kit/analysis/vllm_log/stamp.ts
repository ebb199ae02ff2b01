/**
 * The times of log lines, which mostly have no year.
 *
 * @module
 */

/** A time as it was written. */
export interface Stamp {
  readonly text: string;
  /** Seconds since 1970, or since the start of a leap year where the year is not told. */
  readonly seconds: number;
  readonly hasYear: boolean;
  /** What the time may be off by, in seconds: the last digit that was written. */
  readonly resolution: number;
}

const STAMP = /^(?:(\d{4})-)?(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/;

const LEAP_YEAR = 2000;
const YEAR_SECONDS = 366 * 86_400;

/** Reads `11-25 22:48:07`, with or without a year and a fraction; nothing where it is no time. */
export function readStamp(text: string): Stamp | undefined {
  const found = STAMP.exec(text);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) =>
    part === undefined ? undefined : Number(part)
  ) as [number | undefined, number, number, number, number, number];
  const fraction = found[7];
  const whole = Date.UTC(year ?? LEAP_YEAR, month - 1, day, hour, minute, second) / 1000;
  const read = new Date(whole * 1000);
  if (
    read.getUTCMonth() !== month - 1 || read.getUTCDate() !== day || hour > 23 || minute > 59 ||
    second > 59
  ) return undefined;
  return {
    text: found[0],
    seconds: whole + (fraction === undefined ? 0 : Number(`0.${fraction}`)),
    hasYear: year !== undefined,
    resolution: fraction === undefined ? 1 : 10 ** -fraction.length,
  };
}

/** Times of one file on one line: a year that is not told goes on after its end. */
export class LogClock {
  #years = 0;
  #last: number | undefined;
  #hasYear: boolean | undefined;

  /** Seconds from an arbitrary origin; nothing for a time of another kind than the first. */
  at(stamp: Stamp | undefined): number | undefined {
    if (!stamp) return undefined;
    this.#hasYear ??= stamp.hasYear;
    if (stamp.hasYear !== this.#hasYear) return undefined;
    if (stamp.hasYear) return stamp.seconds;
    let seconds = stamp.seconds + this.#years * YEAR_SECONDS;
    if (this.#last !== undefined && this.#last - seconds > YEAR_SECONDS / 2) {
      this.#years++;
      seconds += YEAR_SECONDS;
    }
    this.#last = seconds;
    return seconds;
  }
}
