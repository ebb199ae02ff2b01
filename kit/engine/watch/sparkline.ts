/**
 * Small charts of one line.
 *
 * @module
 */

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * A bar for each value, from 0 up to `top` (the largest value where none is given); a space where there
 * is none. A value above 0 is never drawn as nothing.
 */
export function sparkline(values: readonly (number | undefined)[], top?: number): string {
  const most = top ?? Math.max(0, ...values.map((value) => value ?? 0));
  return values.map((value) => {
    if (value === undefined || !Number.isFinite(value)) return " ";
    const share = most > 0 ? Math.min(1, Math.max(0, value / most)) : 0;
    return BARS[Math.min(BARS.length - 1, Math.ceil(share * BARS.length) - 1)] ?? BARS[0];
  }).join("");
}

/** A line of `width` signs, filled up to `share` (0 to 1). */
export function gauge(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}
