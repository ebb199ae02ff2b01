/**
 * Figures as people read them.
 *
 * @module
 */

/** Three significant digits and no more than three decimals. */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString("en-US", { maximumFractionDigits: decimals }).replaceAll(",", " ");
}

/** A figure with its unit. */
export function withUnit(value: number | undefined, unit: string): string {
  return value === undefined || !Number.isFinite(value) ? "–" : `${figure(value)} ${unit}`;
}

/** Bytes in the largest unit that leaves at least one. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return withUnit(bytes / 1000 ** step, units[step]!);
}
