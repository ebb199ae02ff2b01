/**
 * YAML that somebody wrote, read or refused in one sentence.
 *
 * @module
 */

import { loadYaml } from "../deps.ts";
import { messageOf, UsageError } from "./errors.ts";

/**
 * The document of a YAML text; undefined or null where it is empty.
 *
 * @param subject The beginning of the sentence, up to the name of what is read: `Cannot read x: it`.
 * @param remedy What to do about it.
 * @throws {UsageError} where it is none, with the place.
 */
export async function parseYaml(text: string, subject: string, remedy?: string): Promise<unknown> {
  const { load } = await loadYaml();
  try {
    return load(text);
  } catch (error) {
    const why = messageOf(error).split("\n")[0];
    throw new UsageError(
      `${subject} is no YAML (${why})${remedy === undefined ? "" : `; ${remedy}`}`,
    );
  }
}
