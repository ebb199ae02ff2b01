/**
 * The address that metrics are served at.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";

/** Where to listen. */
export interface ListenAddress {
  hostname: string;
  port: number;
  /** Whether only programs of this machine reach it. */
  loopback: boolean;
}

/** The address where only a port is given. */
const LOOPBACK = "127.0.0.1";

/** Where to listen when no address is given. */
export const USUAL_ADDRESS = `${LOOPBACK}:9464`;

/**
 * Reads `127.0.0.1:9464`, `[::1]:9464`, or a port alone, which is one of this machine only.
 *
 * @throws {UsageError} for anything else.
 */
export function readAddress(option: string, text: string): ListenAddress {
  const [, bracketed, plain, digits] = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]*)):)?(\d{1,5})$/
    .exec(text.trim()) ?? [];
  const port = Number(digits ?? NaN);
  if (!(port <= 65535)) {
    throw new UsageError(
      `Cannot serve metrics: ${option} is "${text}"; give an address and a port, as 127.0.0.1:9464`,
    );
  }
  const hostname = bracketed ?? (plain || LOOPBACK);
  const loopback = hostname === "localhost" || hostname === "::1" ||
    /^127(\.\d+){3}$/.test(hostname);
  return { hostname, port, loopback };
}

/** What a person should know of an address; nothing where only this machine reaches it. */
export function addressWarning({ hostname, port, loopback }: ListenAddress): string[] {
  return loopback ? [] : [
    `Metrics at ${hostname}:${port} can be read by everyone who reaches this machine: they name the ` +
    "model and count requests and tokens; they hold no text of requests",
  ];
}
