/**
 * Keeps secrets out of the logs of a bundle: vLLM prints its arguments, a script may print anything.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { isSecret, secretsInArgv, withoutTokens } from "../bundle/unsecret.ts";

/** Shorter values stand anywhere by chance. */
const SHORTEST = 8;

/**
 * A line that has no end yet is held back, so that no secret is cut in two, nor from the word that tells it;
 * at most so much.
 */
const LONGEST_LINE = 65_536;

/** Values that are secrets by the names of their variables or options. */
export function secretsOf(
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
): string[] {
  const values = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && isSecret(name, value) ? [value] : []
  );
  return [...new Set([...values, ...secretsInArgv(argv)])]
    .filter((value) => value.length >= SHORTEST)
    // One that holds another is taken first.
    .sort((a, b) => b.length - a.length);
}

/** Takes secrets out of a stream of bytes, which stay as they are otherwise. */
export class Redactor {
  readonly #secrets: readonly string[];
  /** The last line, one character a byte, until its end is known. */
  #rest = "";

  constructor(secrets: readonly string[]) {
    // Bytes are handled as characters: any encoding passes unharmed.
    this.#secrets = secrets.map((text) => Buffer.from(text).toString("latin1"));
  }

  /** What may be written now. */
  take(block: Uint8Array): Uint8Array {
    const text = this.#rest + Buffer.from(block).toString("latin1");
    const end = Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r")) + 1;
    const whole = text.length - end > LONGEST_LINE ? text.length : end;
    this.#rest = text.slice(whole);
    return this.#clean(text.slice(0, whole));
  }

  /** What was held back. */
  end(): Uint8Array {
    const text = this.#rest;
    this.#rest = "";
    return this.#clean(text);
  }

  #clean(text: string): Uint8Array {
    let clean = withoutTokens(text);
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, "(secret)");
    return Buffer.from(clean, "latin1");
  }
}
