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
  const runs = shot.requests.filter(([, , count]) => count > 0)
    .sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  let text = "";
  for (let place = 0; place < runs.length; place++) {
    const [newTokens, history] = runs[place]!;
    let count = runs[place]![2];
    while (runs[place + 1]?.[0] === newTokens && runs[place + 1]![1] === history) {
      count += runs[++place]![2];
    }
    text += `${count}x${newTokens}+${history} `;
  }
  return shot.experts === undefined ? text : `${text}e${shot.experts}`;
}
