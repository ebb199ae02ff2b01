/**
 * A shot: the batch of one forward pass.
 *
 * @module
 */

/** Requests that are alike: new tokens and history of each, and how many of them. */
export type Run = readonly [newTokens: number, history: number, count: number];

/** One forward pass: its requests in their order, and how many experts are forced. */
export interface Shot {
  readonly requests: readonly Run[];
  /** Experts that the router is made to choose among, in total over all tokens. */
  readonly experts?: number;
}

/** The same text for the same multiset of requests and the same forced experts. */
export function shotKey(shot: Shot): string {
  const counts = new Map<string, number>();
  for (const [newTokens, history, count] of shot.requests) {
    if (count === 0) continue;
    const request = `${newTokens}+${history}`;
    counts.set(request, (counts.get(request) ?? 0) + count);
  }
  const requests = [...counts].map(([request, count]) => `${count}x${request}`).sort();
  return requests.join(" ") + (shot.experts === undefined ? "" : ` e${shot.experts}`);
}
