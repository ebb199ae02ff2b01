/**
 * Spans of time and sizes as people write them.
 *
 * @module
 */

const SECONDS: Record<string, number> = { ms: 0.001, s: 1, "": 1, m: 60, h: 3600 };

const BYTES: Record<string, number> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Seconds of `30`, `30s`, `5m`, `1h`, `250ms`; NaN for anything else. */
export function parseDuration(text: string): number {
  return scaled(text, SECONDS);
}

/** The shortest way to write a number of seconds that reads back as it is. */
export function formatDuration(seconds: number): string {
  for (const unit of ["h", "m"]) {
    const count = seconds / SECONDS[unit]!;
    if (count >= 1 && Number.isInteger(count)) return `${count}${unit}`;
  }
  return `${seconds}s`;
}

/** Bytes of `4096`, `64MiB`, `2GB`; NaN for anything else. */
export function parseBytes(text: string): number {
  const value = scaled(text, BYTES);
  return Number.isNaN(value) ? NaN : Math.round(value);
}

/** The shortest way to write a number of bytes that reads back as it is. */
export function formatBytes(bytes: number): string {
  for (const [unit, name] of [["tib", "TiB"], ["gib", "GiB"], ["mib", "MiB"], ["kib", "KiB"]]) {
    const count = bytes / BYTES[unit!]!;
    if (count >= 1 && Number.isInteger(count)) return `${count}${name}`;
  }
  return String(bytes);
}

/** A number of bytes as people say it: `about 2.2 GB`. */
export function aboutBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `about ${Number((bytes / 1000 ** step).toPrecision(2))} ${units[step]}`;
}

function scaled(text: string, units: Record<string, number>): number {
  const match = /^(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+)\s*([a-z]*)$/i.exec(text);
  const scale = match ? units[match[2]!.toLowerCase()] : undefined;
  return scale === undefined ? NaN : Number(match![1]) * scale;
}
