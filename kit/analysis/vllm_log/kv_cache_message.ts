/**
 * The lines that tell how large the KV cache is.
 *
 * Until 0.28 size and concurrency are two lines, later one; from 0.30 on the device is named.
 *
 * @module
 */

/** What one line tells. */
export interface KvCacheMessage {
  readonly device?: string;
  readonly sizeTokens?: number;
  readonly maxConcurrency?: number;
  readonly requestTokens?: number;
  readonly availableGib?: number;
}

const SIZE = /^(\w[\w +-]*) KV cache size: ([\d,]+) tokens(?:, (Maximum concurrency .*))?$/;
const CONCURRENCY = /^Maximum concurrency for ([\d,]+) tokens per request: (\d+\.\d+)x$/;
const AVAILABLE = /^Available KV cache memory: (\d+(?:\.\d+)?) GiB$/;

const whole = (text: string) => Number(text.replaceAll(",", ""));

/** Reads the message of a line; nothing where it tells nothing of the cache's size. */
export function readKvCache(message: string): KvCacheMessage | undefined {
  const available = AVAILABLE.exec(message);
  if (available) return { availableGib: Number(available[1]) };
  const size = SIZE.exec(message);
  if (!size) return readConcurrency(message);
  const [, device, tokens, more] = size as unknown as [string, string, string, string | undefined];
  const concurrency = more === undefined ? {} : readConcurrency(more);
  return concurrency && { device, sizeTokens: whole(tokens), ...concurrency };
}

function readConcurrency(message: string): KvCacheMessage | undefined {
  const [, tokens, times] = CONCURRENCY.exec(message) ?? [];
  return tokens === undefined
    ? undefined
    : { requestTokens: whole(tokens), maxConcurrency: Number(times) };
}
