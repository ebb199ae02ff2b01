/**
 * What a job needs on its node: vscope itself, and the order of its unit.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { loadZip } from "../../deps.ts";
import { HOME_JOURNAL, ORDER_NAME, UNIT_FOLDER, type UnitOrder } from "../../fleet/unit_job.ts";
import { UNIT_ARGUMENT } from "../../fleet/unit_argument.ts";
import { type Parts, PARTS_NAME, unpackedParts } from "../unpacked_parts.ts";

interface Unpacked {
  readonly dir: string;
  readonly parts: Parts;
}

/** Files of an archive by their paths in it. */
export type PackageFiles = ReadonlyMap<string, Uint8Array>;

/** A package: its name tells its contents. */
export interface Package {
  readonly name: string;
  make(): Promise<Uint8Array<ArrayBuffer>>;
}

/** How a job begins: Ray has unpacked the program into the current folder. */
export const ENTRYPOINT = `exec sh ./vscope ${UNIT_ARGUMENT}`;

/** What runs of a checkout. */
const SOURCES = [
  ...["cli.ts", "deno.json", "deno.lock", "vscope", "bootstrap.sh", "bootstrap.requirements.txt"],
  ...["recipes", "kit", "hooks", "configs"],
];

/** Starts what Ray has unpacked; an archive may lose what may be run. */
const launcher = (program: string, words: string) =>
  `#!/bin/sh
set -eu
home=$(cd "$(dirname "$0")" && pwd)
chmod +x "$home/${program}"
export DENO_NO_UPDATE_CHECK=1
exec "$home/${program}" ${words}"$@"
`;

/** How the parts of the single file are run. */
const RUN = "run --quiet -A --unstable-lazy-dynamic-imports --no-lock --no-config --cached-only";

/** A compiled vscope in the archive. */
const COMPILED = "vscope-program";

/**
 * This vscope: the single file where it runs as one, else its sources, which fetch Deno on
 * the node. Needs read permission.
 *
 * @throws {UsageError} where it runs from a URL.
 */
export async function programPackage(files: FileSystem): Promise<Package> {
  const single = await unpackedParts(files);
  return packageOf(single ? await singleFiles(files, single) : await sourceFiles(files));
}

/** The one file that is compiled, or all parts of the one that unpacks itself. */
async function singleFiles(files: FileSystem, { dir, parts }: Unpacked): Promise<PackageFiles> {
  const encode = (text: string) => new TextEncoder().encode(text);
  if (Deno.build.standalone) {
    return new Map([
      ["vscope", encode(launcher(COMPILED, ""))],
      [COMPILED, await files.readFile(Deno.execPath())],
    ]);
  }
  const main = Deno.mainModule.slice(Deno.mainModule.lastIndexOf("/") + 1);
  const found = new Map([["vscope", encode(launcher("deno", `${RUN} "$home/${main}" `))]]);
  for (const name of [...Object.keys(parts.sha256).sort(), PARTS_NAME]) {
    found.set(name, await files.readFile(`${dir}${name}`));
  }
  return found;
}

async function sourceFiles(files: FileSystem): Promise<PackageFiles> {
  if (!import.meta.url.startsWith("file:")) {
    throw new UsageError(
      "Cannot run sweep-all on a cluster from a URL: its nodes need the program; run it from a checkout or " +
        "as the single file",
    );
  }
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const found = new Map<string, Uint8Array>();
  const take = async (path: string) => {
    if (!(await files.stat(root + path)).isDirectory) {
      found.set(path, await files.readFile(root + path));
      return;
    }
    const names: string[] = [];
    for await (const { name } of files.readDir(root + path)) names.push(name);
    for (const name of names.sort()) {
      if (!name.startsWith(".") && name !== "__pycache__") await take(`${path}/${name}`);
    }
  };
  for (const path of SOURCES) await take(path);
  return found;
}

/** The package of a unit's job. */
export function unitPackage(order: UnitOrder, home: string): Package {
  const encode = (text: string) => new TextEncoder().encode(text);
  return packageOf(
    new Map([
      [`${UNIT_FOLDER}/${ORDER_NAME}`, encode(JSON.stringify(order))],
      ...(home === "" ? [] : [[`${UNIT_FOLDER}/${HOME_JOURNAL}`, encode(home)] as const]),
    ]),
  );
}

/** Ray knows a package by its name, and keeps it for whoever names it again. */
export function packageOf(files: PackageFiles): Package {
  const hash = createHash("sha256");
  for (const [path, bytes] of files) hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  return {
    name: `_ray_pkg_vscope_${hash.digest("hex").slice(0, 32)}.zip`,
    async make() {
      const { zipSync } = await loadZip();
      return zipSync(Object.fromEntries(files), { level: 6 }) as Uint8Array<ArrayBuffer>;
    },
  };
}
