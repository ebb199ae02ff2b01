/**
 * The table of options in the docs.
 *
 * @module
 */

import { envOf, type Options } from "./option.ts";
import { flagText } from "./help.ts";

/** A Markdown table with a row for each option. */
export function docsTable(options: Options): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const fallback = option.default === undefined
      ? ""
      : option.type === "boolean"
      ? (option.default ? "on" : "off")
      : `\`${option.format(option.default)}\``;
    const flag = option.secret ? "" : `\`${flagText(name, option).replaceAll("|", "\\|")}\``;
    return `| ${flag} | \`${envOf(name, option)}\` | ${fallback} | ${option.doc} |`;
  });
  return ["| flag | environment | default | what it does |", "|---|---|---|---|", ...rows].join(
    "\n",
  );
}
