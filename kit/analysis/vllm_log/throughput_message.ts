/**
 * The line that vLLM writes every ten seconds (`VLLM_LOG_STATS_INTERVAL`) while it works.
 *
 * @module
 */

/** What one line tells; what it does not tell is absent. */
export interface ThroughputMessage {
  /** `3` of `Engine 003: `, `2 engines` of the line for all of them. */
  readonly engine?: string;
  readonly promptTokensPerS: number;
  readonly generationTokensPerS: number;
  readonly running: number;
  readonly waiting: number;
  readonly deferred?: number;
  readonly preemptions?: number;
  readonly kvCachePct?: number;
  readonly prefixHitPct?: number;
  readonly externalPrefixHitPct?: number;
  readonly mmHitPct?: number;
  /** What stands behind all that is known; empty for every known version. */
  readonly rest: string;
}

const HEAD =
  /^(?:Engine (\d+): |(\d+) Engines Aggregated: )?Avg prompt throughput: (\d+(?:\.\d+)?) tokens\/s, Avg generation throughput: (\d+(?:\.\d+)?) tokens\/s, Running: (\d+) reqs, Waiting: (\d+) reqs/;

/** The parts that may follow, in their order. */
const PARTS: readonly (readonly [keyof ThroughputMessage | undefined, RegExp])[] = [
  ["deferred", /^, Deferred: (\d+) reqs/],
  [undefined, /^, KV fetch: \d+ waiting to start, \d+ in progress, \d+ completed waiting/],
  // A number without a unit may be cut where the line ends.
  ["preemptions", /^, Preemptions: (\d+)(?=, )/],
  ["kvCachePct", /^, [\w +-]+ KV cache usage: (\d+(?:\.\d+)?)%/],
  ["prefixHitPct", /^, Prefix cache hit rate: (\d+(?:\.\d+)?)%/],
  [undefined, /^, Corrupted: \d+ reqs/],
  ["externalPrefixHitPct", /^, External prefix cache hit rate: (\d+(?:\.\d+)?)%/],
  ["mmHitPct", /^, MM cache hit rate: (\d+(?:\.\d+)?)%/],
];

/** Reads the message of a line; nothing where it is none of throughput. */
export function readThroughput(message: string): ThroughputMessage | undefined {
  const found = HEAD.exec(message);
  if (!found) return undefined;
  const [engine, engines, ...figures] = found.slice(1);
  const [promptTokensPerS, generationTokensPerS, running, waiting] = figures.map(Number) as [
    number,
    number,
    number,
    number,
  ];
  let rest = message.slice(found[0].length);
  const parts: Record<string, number> = {};
  for (const [name, pattern] of PARTS) {
    const part = pattern.exec(rest);
    if (!part) continue;
    rest = rest.slice(part[0].length);
    if (name !== undefined) parts[name] = Number(part[1]);
  }
  return {
    ...(engine === undefined ? {} : { engine: String(Number(engine)) }),
    ...(engines === undefined ? {} : { engine: `${engines} engines` }),
    promptTokensPerS,
    generationTokensPerS,
    running,
    waiting,
    ...parts,
    rest,
  };
}
