/**
 * Names of the objects in which a job's pieces lie.
 *
 * @module
 */

/** The name of an object with pieces `first` to `last`; in the order of their names they are in theirs. */
export function segmentName(first: number, last: number): string {
  return `${padded(first)}-${padded(last)}.pieces`;
}

/** Which pieces an object has; undefined where its name is another's. */
export function segmentRange(name: string): readonly [number, number] | undefined {
  const [, first, last] = /^(\d{9})-(\d{9})\.pieces$/.exec(name) ?? [];
  return last === undefined ? undefined : [Number(first), Number(last)];
}

function padded(number: number): string {
  return String(number).padStart(9, "0");
}
