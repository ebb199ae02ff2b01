/**
 * Cells of a CSV that a spreadsheet would take for a formula.
 *
 * Names of requests come from clients, names of kernels from captures: one that begins like a formula
 * would be run by whoever opens the table.
 *
 * @module
 */

/** How a formula begins, for one spreadsheet or another. */
const FORMULA = /^[=+\-@\t\r]/;

/** The text of a cell; one that is no number and begins like a formula gets an apostrophe. */
export function safeCell(value: string | number | boolean): string {
  const text = String(value);
  return FORMULA.test(text) && Number.isNaN(Number(text)) && !/^-(inf|nan)/i.test(text)
    ? `'${text}`
    : text;
}
