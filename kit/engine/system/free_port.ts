/**
 * Ports are found or checked, never assumed.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";

/**
 * Ports that no system hands out by itself, to connections or to those who ask for any: one of those may be
 * taken by the time that a server has started.
 */
const FIRST = 20_000;
const COUNT = 10_000;
const TRIES = 100;

/** A port of the loopback interface that nobody listens on. Needs net permission. */
export function findFreePort(): number {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST + Math.floor(COUNT * Math.random());
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * Makes sure that a server can listen on a port.
 *
 * @throws {UsageError} when the port is out of range, or somebody listens there.
 */
export function requireFreePort(subject: string, host: string, port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new UsageError(
      `Cannot run ${subject}: the command's port is no number from 1 to 65535; correct its --port`,
    );
  }
  try {
    Deno.listen({ hostname: host, port }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) return;
    throw new UsageError(
      `Cannot run ${subject}: port ${port} is taken by another process; ` +
        "end that process, or give the command another --port",
    );
  }
}
