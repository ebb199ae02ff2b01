/**
 * The units of Nsight Compute, which differ between its versions (`usecond`, `us`).
 *
 * @module
 */

/** What a figure measures. */
export type Dimension = "ns" | "bytes" | "bytes_per_s" | "hz" | "pct" | "count";

const PREFIXES: Readonly<Record<string, number>> = {
  "": 1,
  n: 1e-9,
  u: 1e-6,
  "µ": 1e-6,
  m: 1e-3,
  K: 1e3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
};

const SECOND = /^([num\u00b5]?)(?:s|sec|second)$/;
const BYTE = /^([KkMGTP]?)(?:B|byte)s?(?:\/block|\/thread)?$/;
/** Counts have no unit, or one that names what is counted. */
const COUNT = /^([KMGT]?)(?:inst|cycle|op|register\/thread|1(?=\/)|(?=\/)|$)s?(?:\/cycle)?$/;
const HERTZ = /^([KkMGT]?)[Hh]z$/;

/** What to multiply a figure of a unit by to have it in a dimension's own; nothing when it is of none. */
export function factorOf(unit: string, dimension: Dimension): number | undefined {
  const text = unit.trim();
  switch (dimension) {
    case "pct":
      return text === "%" ? 1 : undefined;
    case "ns":
      return scaled(SECOND.exec(text), 1e9);
    case "bytes":
      return scaled(BYTE.exec(text), 1);
    case "bytes_per_s": {
      const [bytes, time, ...more] = text.split("/");
      if (time === undefined || more.length > 0) return undefined;
      const [up, down] = [scaled(BYTE.exec(bytes!), 1), scaled(SECOND.exec(time), 1)];
      return up === undefined || down === undefined ? undefined : up / down;
    }
    case "hz": {
      const hertz = scaled(HERTZ.exec(text), 1);
      if (hertz !== undefined) return hertz;
      const [, time] = /^cycle\/(\w+)$/.exec(text) ?? [];
      const down = time === undefined ? undefined : scaled(SECOND.exec(time), 1);
      return down === undefined ? undefined : 1 / down;
    }
    case "count":
      return scaled(COUNT.exec(text), 1);
  }
}

function scaled(found: RegExpExecArray | null, factor: number): number | undefined {
  const prefix = found ? PREFIXES[found[1]!] : undefined;
  return prefix === undefined ? undefined : prefix * factor;
}
