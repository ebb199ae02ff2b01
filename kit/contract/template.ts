/**
 * A `vscope.yaml` that holds every option of a recipe, to be edited in place.
 *
 * @module
 */

import { facts } from "./help.ts";
import { flagOf, type Option, type Options } from "./option.ts";

/** The text of the file. An option without a default stands there as a comment. */
export function configTemplate(name: string, options: Options): string {
  const lines = [
    `# Options of "vscope ${name}". A flag or an environment variable goes before what stands here.`,
    `${name}:`,
  ];
  for (const [key, option] of Object.entries(options)) {
    if (option.secret) continue;
    lines.push(`  # ${option.doc} ${facts(key, option)}`);
    const set = option.default !== undefined;
    lines.push(`  ${set ? "" : "# "}${flagOf(key)}: ${set ? yamlValue(option) : ""}`.trimEnd(), "");
  }
  return lines.join("\n").trimEnd() + "\n";
}

function yamlValue(option: Option<unknown>): string {
  if (option.type === "boolean") return String(option.default);
  const text = option.format(option.default);
  return option.type === "integer" || option.type === "number" ? text : JSON.stringify(text);
}
