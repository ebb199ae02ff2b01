/**
 * Values between the points of a table, along one axis.
 *
 * @module
 */

/** Points of a line: `keys` rise and are different. */
export interface Curve {
  readonly keys: readonly number[];
  readonly values: readonly number[];
}

/** Number of keys that are not above `query`. */
function keysUpTo(keys: readonly number[], query: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (query < keys[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Where a query lies: between two places, `share` of the way; below the first at the first. */
export interface Bracket {
  readonly low: number;
  readonly high: number;
  /** 0 at `low`, 1 at `high`, above 1 behind the last key. */
  readonly share: number;
}

/** The places around a query: the first alone below the first key, the last two above the last. */
export function bracketOf(keys: readonly number[], query: number): Bracket {
  const place = keysUpTo(keys, query);
  if (place === 0 || keys.length === 1) return { low: 0, high: 0, share: 0 };
  const high = Math.min(place, keys.length - 1);
  const low = high - 1;
  return { low, high, share: (query - keys[low]!) / (keys[high]! - keys[low]!) };
}

/** A straight line between neighbours; clamped below the first, the last two continued above the last. */
export function linear({ keys, values }: Curve, query: number): number {
  const { low, high, share } = bracketOf(keys, query);
  return values[low]! + share * (values[high]! - values[low]!);
}

/**
 * As {@linkcode bracketOf}, but a line above the last key goes through the last one that is not above
 * half of it: two neighbours of a fine grid differ by little more than noise.
 */
export function wideBracketOf(keys: readonly number[], query: number): Bracket {
  const last = keys.length - 1;
  if (last < 1 || query <= keys[last]!) return bracketOf(keys, query);
  const low = Math.max(0, Math.min(last - 1, keysUpTo(keys, keys[last]! / 2) - 1));
  return { low, high: last, share: (query - keys[low]!) / (keys[last]! - keys[low]!) };
}

/** Between two values; behind the second what grows goes on to grow, and what falls stays. */
export function blend(from: number, to: number, share: number): number {
  return share > 1 ? to + (share - 1) * Math.max(0, to - from) : from + share * (to - from);
}

/** A straight line between neighbours, and above the last one that never falls. */
export function steady({ keys, values }: Curve, query: number): number {
  const { low, high, share } = wideBracketOf(keys, query);
  return blend(values[low]!, values[high]!, share);
}

/**
 * A cubic between neighbours that never leaves their range, with slopes from the points around them
 * (Fritsch and Butland, 1984): it goes through every point, and rises where they rise. Outside it is
 * as {@linkcode steady}.
 */
export function monotone(curve: Curve, query: number): number {
  const { keys, values } = curve;
  const place = keysUpTo(keys, query);
  if (keys.length < 3 || place === 0 || place >= keys.length) return steady(curve, query);
  const low = place - 1;
  const width = keys[place]! - keys[low]!;
  const share = (query - keys[low]!) / width;
  const [from, to] = [values[low]!, values[place]!];
  const [start, end] = [slopeAt(curve, low) * width, slopeAt(curve, place) * width];
  const rise = to - from;
  return from + share * (start + share * (3 * rise - 2 * start - end +
            share * (start + end - 2 * rise)));
}

function slopeAt({ keys, values }: Curve, place: number): number {
  const width = (left: number) => keys[left + 1]! - keys[left]!;
  const steepness = (left: number) => (values[left + 1]! - values[left]!) / width(left);
  const last = keys.length - 1;
  if (place === 0 || place === last) {
    const [near, next] = place === 0 ? [0, 1] : [last - 1, last - 2];
    const [one, other] = [width(near), width(next)];
    const found = ((2 * one + other) * steepness(near) - one * steepness(next)) / (one + other);
    if (found * steepness(near) <= 0) return 0;
    const most = 3 * steepness(near);
    return steepness(near) * steepness(next) <= 0 && Math.abs(found) > Math.abs(most)
      ? most
      : found;
  }
  const [before, after] = [steepness(place - 1), steepness(place)];
  if (before * after <= 0) return 0;
  const [one, other] = [
    2 * width(place) + width(place - 1),
    width(place) + 2 * width(place - 1),
  ];
  return (one + other) / (one / before + other / after);
}
