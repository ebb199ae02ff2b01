/**
 * `--window`: which part of a capture is wanted.
 *
 * @module
 */

import type { Window } from "../../analysis/capture/reader.ts";
import { UsageError } from "../../contract/errors.ts";

/**
 * Reads `iteration:10..12` (both included, from 0 on), `iteration:10`, or `seconds:0.5..2`.
 *
 * @throws UsageError when it is none of these, or ends before it begins.
 */
export function readWindow(text: string): Window {
  const [, unit, from, to] =
    /^(iteration|seconds):(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  const window = { unit: unit as Window["unit"], from: Number(from), to: Number(to ?? from) };
  const whole = unit !== "iteration" ||
    Number.isInteger(window.from) && Number.isInteger(window.to);
  if (unit === undefined || !whole || window.to < window.from) {
    throw new UsageError(
      `Cannot cut the window "${text}": give iteration:10..12, iteration:10 or seconds:0.5..2`,
    );
  }
  return window;
}
