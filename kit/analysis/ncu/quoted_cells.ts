/**
 * Records in which every cell stands in quotes and holds none, as nearly all of Nsight Compute's.
 *
 * @module
 */

/**
 * The cells of such a record; nothing for any other one, which takes a full CSV reader.
 *
 * @param quotes How many quotes the text has.
 */
export function quotedCells(text: string, quotes: number): string[] | undefined {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return undefined;
  const cells = text.slice(1, -1).split('","');
  // A quote within a cell is doubled: there are then more than two for each.
  return quotes === 2 * cells.length ? cells : undefined;
}
