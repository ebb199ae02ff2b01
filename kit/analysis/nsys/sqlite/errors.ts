/**
 * What is wrong with a database file.
 *
 * @module
 */

/** The file is no whole SQLite database: the message says what is wrong with it. */
export class DamagedDatabase extends Error {
  override name = "DamagedDatabase";
}
