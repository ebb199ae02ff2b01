/**
 * What the names of a capture could not tell.
 *
 * @module
 */

import type { Missing } from "../capture/model.ts";
import type { Names } from "./names.ts";

/** Names that were broken, or too many; `what` is what bears them. */
export function missingNames(
  paths: readonly string[],
  names: Names,
  what: "events" | "ranges",
): Missing[] {
  const path = paths.join(", ");
  const found: Missing[] = [];
  if (names.broken > 0) {
    found.push({
      path,
      reason: `${names.broken} names are no valid UTF-8 and are shown with \uFFFD`,
    });
  }
  if (names.further > 0) {
    found.push({
      path,
      reason: `There are too many different names; these ${what} share one row`,
      events: names.further,
    });
  }
  return found;
}
