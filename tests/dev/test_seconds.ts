/**
 * How long test files took last time, kept in the cache.
 *
 * @module
 */

import { cacheFolder } from "../../kit/engine/private/cache.ts";

const place = () => `${cacheFolder(Deno.env.toObject())}/test-seconds.json`;

/** Seconds by file; none where nothing is remembered. */
export async function readSeconds(): Promise<Record<string, number>> {
  try {
    return JSON.parse(await Deno.readTextFile(place()));
  } catch {
    return {};
  }
}

/** Remembers more. Whole or not at all: several may write. */
export async function writeSeconds(more: Record<string, number>): Promise<void> {
  const path = place();
  const part = `${path}.${Deno.pid}`;
  const seconds = { ...await readSeconds(), ...more };
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(part, JSON.stringify(seconds, null, 1));
  await Deno.rename(part, path);
}
