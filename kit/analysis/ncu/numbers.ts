/**
 * How a file writes numbers: Nsight Compute takes the separators of the user's language.
 *
 * @module
 */

/** What marks the fraction. */
export type Point = "." | ",";

const SPACES = /(?<=\d)[\s\u00a0\u202f'\u2019](?=\d)/g;
const SHAPE = /^[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?$/;

/** Learns from the numbers of a file which of point and comma marks their fractions. */
export class NumberStyle {
  readonly #proofs: Record<Point, number> = { ".": 0, ",": 0 };
  /** Numbers that can be read both ways, as 1,234. */
  ambiguous = 0;

  /** Takes a cell; what is no number says nothing. */
  look(cell: string): void {
    const text = plain(cell);
    if (text === undefined || !/[.,]/.test(text)) return;
    const point = pointOf(text);
    if (point === undefined) this.ambiguous++;
    else if (readNumber(cell, point) !== undefined) this.#proofs[point]++;
  }

  /** Whether the file writes numbers in both ways, so that none can be trusted. */
  get mixed(): boolean {
    return this.#proofs["."] > 0 && this.#proofs[","] > 0;
  }

  /** Whether no number tells the way, though some can be read in two. */
  get unproven(): boolean {
    return this.ambiguous > 0 && this.#proofs["."] + this.#proofs[","] === 0;
  }

  /** The mark; the point where nothing tells. */
  get point(): Point {
    return this.#proofs[","] > 0 ? "," : ".";
  }
}

/** Reads a number; nothing where it is none (`n/a`, `NaN`, an infinity, a word). */
export function readNumber(cell: string, point: Point): number | undefined {
  const text = plain(cell);
  if (text === undefined) return undefined;
  const other = point === "." ? "," : ".";
  const [mantissa, exponent] = text.split(/[eE]/) as [string, string | undefined];
  const [whole, fraction, ...more] = mantissa.split(point) as [string, ...string[]];
  if (more.length > 0 || fraction?.includes(other)) return undefined;
  const groups = whole.split(other);
  const grouped = groups.length === 1 ||
    /^[+-]?\d{1,3}$/.test(groups[0]!) && groups.slice(1).every((group) => /^\d{3}$/.test(group));
  if (!grouped) return undefined;
  const value = Number(
    `${groups.join("")}${fraction === undefined ? "" : `.${fraction}`}${
      exponent === undefined ? "" : `e${exponent}`
    }`,
  );
  return Number.isFinite(value) ? value : undefined;
}

function plain(cell: string): string | undefined {
  const text = cell.trim().replaceAll(SPACES, "");
  return SHAPE.test(text) ? text : undefined;
}

/** The mark that a number alone proves. */
function pointOf(text: string): Point | undefined {
  const marks = text.replaceAll(/[^.,]/g, "");
  const last = marks.at(-1) as Point;
  const first = marks[0] as Point;
  const other = (mark: Point): Point => mark === "." ? "," : ".";
  if (first !== last) return last;
  if (marks.length > 1) return other(first);
  const [before, after] = text.split(last) as [string, string];
  const isGroup = /^[+-]?[1-9]\d{0,2}$/.test(before) && /^\d{3}$/.test(after);
  return isGroup ? undefined : last;
}
