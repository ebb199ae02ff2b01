/**
 * The command line: flags, operands, and the command behind `--`.
 *
 * @module
 */

import { UsageError } from "./errors.ts";
import { flagOf, type Option, type Options } from "./option.ts";
import { suggestion } from "./suggest.ts";

/** A command line that was read. */
export interface Arguments {
  /** Texts by option name; a list's repeated flags are joined with commas. */
  flags: Record<string, { text: string; from: string }>;
  /** What is neither flag nor command. */
  operands: string[];
  /** What follows `--`; undefined where there is no `--`. */
  command?: string[];
}

/**
 * Reads a command line.
 *
 * `--flag value`, `--flag=value`, `--switch`, `--no-switch`, `-x`; `--` ends the options.
 *
 * @param subject What is run, for messages, as `monitor`.
 * @throws {UsageError} for an unknown flag, one without its value, or one given twice.
 */
export async function readArguments(
  subject: string,
  options: Options,
  argv: readonly string[],
): Promise<Arguments> {
  const known = new Map<string, { name: string; option: Option<unknown>; off: boolean }>();
  for (const [name, option] of Object.entries(options)) {
    if (option.secret) continue;
    known.set(`--${flagOf(name)}`, { name, option, off: false });
    if (option.short) known.set(`-${option.short}`, { name, option, off: false });
    if (option.type === "boolean") known.set(`--no-${flagOf(name)}`, { name, option, off: true });
  }
  const read: Arguments = { flags: {}, operands: [] };
  for (let place = 0; place < argv.length; place++) {
    const word = argv[place]!;
    if (word === "--") {
      read.command = argv.slice(place + 1);
      break;
    }
    if (!/^-./.test(word) || /^-\d/.test(word)) {
      read.operands.push(word);
      continue;
    }
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const flag = equals < 0 ? word : word.slice(0, equals);
    const found = known.get(flag);
    if (!found) {
      throw new UsageError(
        `Cannot run ${subject}: unknown option "${flag}"` +
          await suggestion(flag, [...known.keys()]) +
          ` (see "vscope ${subject} --help")`,
      );
    }
    let text = equals < 0 ? undefined : word.slice(equals + 1);
    if (found.off) {
      if (text !== undefined) throw takesNoValue(subject, flag);
      text = "0";
    } else if (found.option.type === "boolean") {
      text ??= "1";
    } else if (
      text === undefined && found.option.bare !== undefined && isNoValue(argv[place + 1])
    ) {
      text = found.option.bare;
    } else if (text === undefined) {
      text = argv[++place];
      if (text === undefined || text === "--") {
        throw new UsageError(
          `Cannot run ${subject}: option "${flag}" has no value; give ${wanted(found.option)}`,
        );
      }
    }
    const before = read.flags[found.name];
    if (before && found.option.type !== "list") {
      throw new UsageError(`Cannot run ${subject}: option "${flag}" is given twice; give it once`);
    }
    read.flags[found.name] = { text: before ? `${before.text},${text}` : text!, from: flag };
  }
  return read;
}

/** Whether a word is the next flag, the end of the options, or missing. */
function isNoValue(word: string | undefined): boolean {
  return word === undefined || word.startsWith("-");
}

function takesNoValue(subject: string, flag: string): UsageError {
  return new UsageError(
    `Cannot run ${subject}: option "${flag}" takes no value; leave out what follows "="`,
  );
}

/** What an option wants, as its `parse` says it. */
export function wanted(option: Option<unknown>): string {
  try {
    option.parse("\0");
  } catch (error) {
    return (error as Error).message;
  }
  return "a value";
}
