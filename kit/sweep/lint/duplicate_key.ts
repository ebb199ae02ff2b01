/**
 * `duplicate-key`: two rows of the same shape, of which a reader takes one or the other.
 *
 * @module
 */

import { linesText } from "./finding.ts";
import { keyed, type LintRule } from "./subject.ts";

/** The rule. */
export const duplicateKey: LintRule = (subject) =>
  keyed(subject).flatMap(({ file, rows }) => {
    const seen = new Set<string>();
    const again = rows.filter(({ key }) => seen.size === seen.add(key).size);
    return again.length === 0 ? [] : [{
      rule: "duplicate-key",
      severity: "error",
      file,
      rows: again.length,
      message: `${linesText(again.map(({ line }) => line))}: a row before has the same key`,
    }];
  });
