/**
 * The JSON Schema (draft 2020-12) of a recipe's values.
 *
 * @module
 */

import { envOf, flagOf, type Options } from "./option.ts";

/** Schema of an object whose keys are the names in `vscope.yaml`. */
export function jsonSchema(name: string, summary: string, options: Options): object {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `vscope:${name}`,
    title: name,
    description: summary,
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      Object.entries(options).map(([key, option]) => [flagOf(key), {
        ...option.schema,
        description: option.doc,
        ...(option.default === undefined ? {} : { default: option.default }),
        ...(option.unit ? { "x-unit": option.unit } : {}),
        ...(option.secret ? { writeOnly: true } : {}),
        "x-env": envOf(key, option),
      }]),
    ),
  };
}
