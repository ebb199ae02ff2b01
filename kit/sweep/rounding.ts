/**
 * Numbers rounded and written as Python does it: tables must be the same to the last character.
 *
 * @module
 */

/** The nearest whole number; of two that are equally near the even one, where `Math.round` goes up. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/**
 * A number rounded to some decimals: the nearest by the exact value of the double, ties to even.
 *
 * A double lies halfway between two decimals only where it is an odd multiple of 2^-(decimals+1),
 * and only there `toFixed`, which then goes away from zero, differs from Python's `round`.
 */
export function roundDecimals(value: number, decimals: number): number {
  if (!Number.isFinite(value)) return value;
  const halves = value * 2 ** (decimals + 1);
  if (Number.isInteger(halves) && halves % 2 !== 0) {
    return roundHalfEven(value * 10 ** decimals) / 10 ** decimals;
  }
  return Number(value.toFixed(decimals));
}

/** A float as Python prints it: `1.0`, `-0.0`, `0.0317`, `1e-05`, `1e+16`. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size >= 1e16 || size < 1e-4) {
    const [digits, power] = value.toExponential().split("e") as [string, string];
    return `${digits}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

/** A number with six significant digits, as C's `%.6g` writes it. */
export function sixDigits(value: number): string {
  if (!Number.isFinite(value)) return pythonFloat(value);
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const trimmed = (text: string) => text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  const exponent = Number(value.toExponential(5).split("e")[1]);
  if (exponent >= -4 && exponent < 6) {
    const decimals = 5 - exponent;
    return trimmed(roundDecimals(value, decimals).toFixed(decimals));
  }
  const unit = 10 ** (exponent - 5);
  const halfway = exponent > 5 && Math.abs(value / unit) % 1 === 0.5;
  const [digits, power] = (halfway ? roundHalfEven(value / unit) * unit : value)
    .toExponential(5).split("e") as [string, string];
  return `${trimmed(digits)}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}
