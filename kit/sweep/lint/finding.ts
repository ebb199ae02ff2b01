/**
 * What lint has to say.
 *
 * @module
 */

/** Something that is wrong with a sweep. */
export interface LintFinding {
  /** Name of the rule. */
  readonly rule: string;
  /** `error`: a simulator would compute wrong times or fail; `warning`: some may be wrong. */
  readonly severity: "error" | "warning";
  /** Relative to the sweep's folder. */
  readonly file: string;
  /** How many rows it concerns; 0 where it is about the file. */
  readonly rows: number;
  /** One sentence: which lines, what is wrong, and what mends it where something does. */
  readonly message: string;
}

/** Lines that a message names; the others are counted. */
const NAMED_LINES = 5;

/** `line 3`, `lines 3, 4 and 12 more`. */
export function linesText(lines: readonly number[]): string {
  const named = lines.slice(0, NAMED_LINES).join(", ");
  const more = lines.length - NAMED_LINES;
  return `line${lines.length === 1 ? "" : "s"} ${named}${more > 0 ? ` and ${more} more` : ""}`;
}
