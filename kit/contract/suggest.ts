/**
 * "Did you mean".
 *
 * @module
 */

import { loadLevenshtein } from "../deps.ts";

/** ` (did you mean "x"?)`, or nothing where no name is near. */
export async function suggestion(given: string, names: readonly string[]): Promise<string> {
  if (names.length === 0) return "";
  const { closest, distance } = await loadLevenshtein();
  const near = closest(given, names as string[]);
  return distance(given, near) <= Math.max(2, Math.ceil(given.length / 3))
    ? `; did you mean "${near}"?`
    : "";
}
