/**
 * `vscope.yaml`: values of options, by command.
 *
 * ```yaml
 * monitor:
 *   profiling-dir: /data/sessions
 * ```
 *
 * @module
 */

import type { FileSystem } from "./context.ts";
import { messageOf, UsageError } from "./errors.ts";
import { flagOf, type Options } from "./option.ts";
import type { FileValues } from "./resolve.ts";
import { suggestion } from "./suggest.ts";
import { parseYaml } from "./yaml.ts";

/** Name of the file that is read without `--config`. */
export const CONFIG_NAME = "vscope.yaml";

/**
 * Reads the part of a configuration file that is for one command.
 *
 * @param path The file that was asked for; without it `vscope.yaml` in `cwd`, if there is one.
 * @throws {UsageError} when the file cannot be read, is no YAML, or names an unknown option.
 */
export async function readConfig(
  files: FileSystem,
  cwd: string,
  subject: string,
  options: Options,
  path?: string,
): Promise<FileValues | undefined> {
  const chosen = path ?? `${cwd}/${CONFIG_NAME}`;
  let text: string;
  try {
    text = await files.readTextFile(chosen);
  } catch (error) {
    if (path === undefined) return undefined;
    throw new UsageError(
      `Cannot read the configuration "${chosen}": ${messageOf(error)}; give a YAML file`,
    );
  }
  const section = (await parse(chosen, text))[subject] ?? {};
  if (typeof section !== "object" || Array.isArray(section)) {
    throw new UsageError(
      `Cannot read "${subject}" in ${chosen}: it is no mapping of options to values`,
    );
  }
  const names = new Map(Object.keys(options).map((name) => [flagOf(name), name]));
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(section as Record<string, unknown>)) {
    const name = names.get(key);
    if (name === undefined || options[name]!.secret) {
      throw new UsageError(
        `Cannot run ${subject}: ${chosen} sets the unknown option "${key}"` +
          await suggestion(key, [...names.keys()]),
      );
    }
    values[name] = value;
  }
  return { path: chosen, values };
}

async function parse(path: string, text: string): Promise<Record<string, unknown>> {
  const document = await parseYaml(text, `Cannot read the configuration "${path}": it`);
  if (document === undefined || document === null) return {};
  if (typeof document !== "object" || Array.isArray(document)) {
    throw new UsageError(
      `Cannot read the configuration "${path}": it is no mapping of commands to options`,
    );
  }
  return document as Record<string, unknown>;
}
