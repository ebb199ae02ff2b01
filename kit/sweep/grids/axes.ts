/**
 * The values along one axis of a grid.
 *
 * @module
 */

import { roundHalfEven } from "../rounding.ts";

/** Values that any factor may lead to before it is called a mistake. */
const MOST_VALUES = 20_000;

/** A factor that is above 1, and so near to it that no grid can be meant. */
export class FactorError extends RangeError {
  constructor(readonly factor: number) {
    super(`${factor} leads to more than ${MOST_VALUES} values`);
  }
}

/** Numbers of tokens, or of sequences: each up to 15, every 4th up to 60, every 16th up to `max`. */
export function tokenAxis(max: number): number[] {
  const values: number[] = [];
  for (let value = 1; value <= max; value += value < 16 ? 1 : value < 64 ? 4 : 16) {
    values.push(value);
  }
  if (values.length > 0 && values.at(-1) !== max) values.push(max);
  return values;
}

/** 1, 2, 4 … up to `max`. */
export function powersOfTwo(max: number): number[] {
  const values: number[] = [];
  for (let value = 1; value <= max; value *= 2) values.push(value);
  return values;
}

/**
 * Powers of two up to `max`, and where `factor` is below two what {@linkcode geometricAxis} has between them.
 *
 * @throws {RangeError} as that does.
 */
export function finerThanPowers(max: number, factor: number): number[] {
  const powers = powersOfTwo(max);
  if (factor >= 2) return powers;
  return [...new Set([...powers, ...geometricAxis(1, max, factor)])].sort((one, other) =>
    one - other
  );
}

/**
 * `start`, then each value `factor` times the one before, up to `max`, which is always the last.
 * The exact product is carried on, not the rounded one.
 *
 * @returns `max` alone where it is below `start`, nothing where it is below 1.
 * @throws {RangeError} where the factor is not above 1.
 * @throws {FactorError} where it leads to thousands of values.
 */
export function geometricAxis(start: number, max: number, factor: number): number[] {
  if (!(factor > 1)) throw new RangeError(`A factor must be above 1, and this is ${factor}`);
  if (max < start) return max > 0 ? [max] : [];
  const values: number[] = [];
  let steps = 0;
  for (let exact = start; roundHalfEven(exact) <= max; exact *= factor) {
    const value = roundHalfEven(exact);
    if (value !== values.at(-1)) values.push(value);
    if (++steps > MOST_VALUES) {
      throw new FactorError(factor);
    }
  }
  if (values.at(-1) !== max) values.push(max);
  return values;
}

/** 0 for "there is none", then {@linkcode geometricAxis}; 0 alone where `max` is below `start`. */
export function axisFromZero(start: number, max: number, factor: number): number[] {
  return max < start ? [0] : [0, ...geometricAxis(start, max, factor)];
}
