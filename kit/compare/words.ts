/**
 * Changes and differences as people read them.
 *
 * @module
 */

import type { Change } from "./change.ts";
import type { Difference } from "./diff.ts";

/** A value with as many digits as mean something. */
export function figureText(value: number): string {
  const digits = Math.abs(value) >= 1000 ? 0 : 4;
  return digits === 0 ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
}

/** `+12.3 %`, from ten times on `×12.3`; on the scale of differences `+3`. */
export function moved(value: number, { scale }: Pick<Change, "scale">): string {
  if (scale === "ratio" && value >= 10) return `×${figureText(value)}`;
  const amount = scale === "ratio" ? 100 * (value - 1) : value;
  const text = scale === "ratio"
    ? `${amount.toFixed(1).replace(/^-(0\.0)$/, "$1")} %`
    : figureText(amount);
  return amount > 0 ? `+${text}` : text;
}

/** An interval that reaches further, as a factor, tells nothing. */
const ANYTHING = 100;

/** `−2.1 % to +4.0 %`; where nothing tells the noise, that. */
export function intervalText(change: Change): string {
  const high = change.interval?.[1] ?? 0;
  if (change.scale === "ratio" && high > ANYTHING) return "too wide to tell anything";
  return change.interval
    ? change.interval.map((end) => moved(end, change)).join(" to ")
    : "not known";
}

/** `12.1 → 13.5 ms, +11.6 % (+9.0 % to +14.3 %)`. */
export function changeText(change: Change): string {
  const { a, b, unit } = change;
  return `${figureText(a)} → ${figureText(b)}${unit ? ` ${unit}` : ""}, ` +
    `${moved(change.change, change)} (noise: ${intervalText(change)})`;
}

/** `vllm: vllm 0.26.0 → 0.32.0`. */
export function differenceText({ subject, name, a, b, mixed }: Difference): string {
  const values = (side: Difference["a"]) =>
    side.length === 0 ? "not told" : side.map((value) => cut(String(value))).join(" | ");
  return `${subject}: ${name === subject ? "" : `${name} `}${values(a)} → ${values(b)}` +
    (mixed ? " (repeats of one side differ in it)" : "");
}

/** All of them, under a heading; they are not none. */
export function differencesText(differences: readonly Difference[]): string {
  return `Different:\n${differences.map((one) => `  ${differenceText(one)}`).join("\n")}`;
}

const MOST_LETTERS = 60;

function cut(text: string): string {
  return text.length <= MOST_LETTERS ? text : `${text.slice(0, MOST_LETTERS - 1)}…`;
}
