/**
 * What came out of `vscope analyze`, whatever went in.
 *
 * @module
 */

/** A document for programs, and its words for people. */
export interface Analyzed {
  readonly document: Readonly<Record<string, unknown>>;
  text(): Promise<string>;
}
