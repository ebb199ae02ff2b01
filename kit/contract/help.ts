/**
 * `--help`, from the declarations.
 *
 * @module
 */

import { commonOptions } from "./common.ts";
import { envOf, flagOf, type Option, type Options } from "./option.ts";
import { permissionHelp } from "./permissions.ts";
import type { Recipe } from "./recipe.ts";
import type { Operand, Tool } from "./tool.ts";

const WIDTH = 96;

/** Narrower than this, help is not broken any further. */
const LEAST_WIDTH = 40;

/** The help of a recipe; no line of prose is wider than `columns`. */
export function recipeHelp(recipe: Recipe, columns = WIDTH): string {
  const rest = recipe.rest ?? "COMMAND…";
  const command = { required: ` -- ${rest}`, optional: ` [-- ${rest}]`, none: "" }[recipe.command];
  const further = (recipe.commands ?? []).map(({ name, summary }) =>
    [`${recipe.name} ${name}`, summary] as const
  );
  const { operands = [] } = recipe;
  const words = usageOf(operands);
  const usage = ["vscope", recipe.name, ...words, `[options]${command}`].join(" ");
  const named = [...operands.map(({ name, doc }) => [name, doc] as const), ...further];
  return page(recipe, usage, named, columns) + "\n\n" + permissionHelp(recipe.name, Deno.build.os);
}

/** Operands as they stand in the usage line. */
function usageOf(operands: readonly Operand[]): string[] {
  return operands.map(({ name, required, many }) => {
    const word = many ? `${name}…` : name;
    return required ? word : `[${word}]`;
  });
}

/** The help of a tool; no line of prose is wider than `columns`. */
export function toolHelp(tool: Tool, columns = WIDTH): string {
  const usage = ["vscope", tool.name, ...usageOf(tool.operands), "[options]"].join(" ");
  return page(tool, usage, tool.operands.map(({ name, doc }) => [name, doc] as const), columns);
}

function page(
  subject: { description: string; options: Options; examples: Recipe["examples"] },
  usage: string,
  operands: readonly (readonly [string, string])[],
  columns: number,
): string {
  const width = Math.min(WIDTH, Math.max(LEAST_WIDTH, columns));
  const parts = [
    wrap(subject.description, 0, width),
    `Usage: ${usage}`,
  ];
  if (operands.length > 0) {
    parts.push(operands.map(([name, doc]) => `  ${name.padEnd(12)}${doc}`).join("\n"));
  }
  if (Object.keys(subject.options).length > 0) {
    parts.push(`Options:\n${describe(subject.options, width)}`);
  }
  parts.push(`Common options:\n${describe(commonOptions, width)}`);
  if (subject.examples.length > 0) {
    parts.push(
      "Examples:\n" +
        subject.examples.map(({ line, why }) => `  # ${why}\n  ${line}`).join("\n"),
    );
  }
  return parts.join("\n\n");
}

/** A flag and two indented lines for each option. */
function describe(options: Options, width: number): string {
  return Object.entries(options).map(([name, option]) => {
    const flag = option.secret ? `(no flag)` : flagText(name, option);
    return `  ${flag}\n${wrap(option.doc, 6, width)}\n${wrap(facts(name, option), 6, width)}`;
  }).join("\n");
}

/** A flag with its value, as `--grace SECONDS`. */
export function flagText(name: string, option: Option<unknown>): string {
  const flag = flagOf(name);
  const short = option.short ? `-${option.short}, ` : "";
  if (option.type === "boolean") {
    return option.default === true ? `--no-${flag}` : `${short}--${flag}`;
  }
  const value = option.choices && option.type === "choice"
    ? option.choices.join("|")
    : { integer: "N", number: "X", duration: "TIME", bytes: "SIZE", text: "TEXT", path: "PATH" }[
      option.type as string
    ] ?? "A,B,…";
  return `${short}--${flag} ${value}`;
}

/** Environment, default, bounds and unit in one line. */
export function facts(name: string, option: Option<unknown>): string {
  const found = [`env ${envOf(name, option)}`];
  if (option.default !== undefined) {
    found.push(
      `default ${
        option.type === "boolean" ? (option.default ? "on" : "off") : option.format(option.default)
      }`,
    );
  }
  if (option.min !== undefined) found.push(`at least ${option.format(option.min)}`);
  if (option.max !== undefined) found.push(`at most ${option.format(option.max)}`);
  if (option.unit && option.type !== "duration" && option.type !== "bytes") {
    found.push(`in ${option.unit}`);
  }
  return `[${found.join(", ")}]`;
}

function wrap(text: string, indent: number, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line && indent + line.length + word.length + 1 > width) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  return [...lines, line].map((part) => " ".repeat(indent) + part).join("\n");
}
