/**
 * Words as they can be pasted into a shell.
 *
 * @module
 */

/** A word of a command line, in quotes where it needs them. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
