/**
 * What attention has to do for one request in one step.
 *
 * The request is `length` tokens long after the step, of which `newTokens` are computed in it; the
 * others are in the cache. With a window, a query sees itself and the `window - 1` tokens before.
 *
 * @module
 */

/**
 * Pairs of query and key: the sum of min(position, window) over the new tokens' positions, counted
 * from 1. Without a window that is n L - n (n - 1) / 2.
 */
export function attentionPairs(newTokens: number, length: number, window = Infinity): number {
  const cached = length - newTokens;
  // Positions up to the window see all before them, those after it as many as the window holds.
  const growing = Math.max(0, Math.min(length, window) - cached);
  const full = newTokens - growing;
  const grown = growing * cached + growing * (growing + 1) / 2;
  return full === 0 ? grown : grown + full * window;
}

/** Tokens whose keys and values are read: all of the request, or what its queries' windows cover. */
export function keysRead(newTokens: number, length: number, window = Infinity): number {
  return newTokens === 0 ? 0 : Math.min(length, window + newTokens - 1);
}
