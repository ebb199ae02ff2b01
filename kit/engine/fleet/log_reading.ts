/**
 * How often a job's log is read: it comes from its beginning each time, and what is read of it may be megabytes.
 *
 * @module
 */

const MS_PER_CHARACTER = 0.005;

/** So often the log of a job that is over is asked for its end: its node is there, or was a moment ago. */
export const MOST_ASKED = 10;

/**
 * How long a log is left alone once it was read.
 *
 * @param least Of an empty one, in ms.
 * @param characters How long it is.
 */
export function pauseMs(least: number, characters: number): number {
  return least + characters * MS_PER_CHARACTER;
}
