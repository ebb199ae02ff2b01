/**
 * The version stands in `kit/contract/version.ts`; `./dev hooks` writes it to where others look for it.
 *
 * @module
 */

import { VERSION } from "../../kit/contract/version.ts";
import { ROOT } from "./run.ts";

const PACKAGE = "hooks/vscope_hooks";

/** Files that name the version, with the line that does. */
const NAMED: Readonly<Record<string, RegExp>> = {
  "deno.json": /^( {2}"version": ")[^"]*(")/m,
  [`${PACKAGE}/__init__.py`]: /^(__version__ = ")[^"]*(")/m,
  [`${PACKAGE}-${VERSION}.dist-info/METADATA`]: /^(Version: ).*()$/m,
};

/** Files, and the folder of the package, that have another version; they are written with `write`. */
export async function staleVersions(write: boolean): Promise<string[]> {
  const stale: string[] = [];
  for await (const { name } of Deno.readDir(`${ROOT}/hooks`)) {
    const path = `hooks/${name}`;
    if (!name.endsWith(".dist-info") || path === `${PACKAGE}-${VERSION}.dist-info`) continue;
    stale.push(path);
    if (write) await Deno.rename(`${ROOT}/${path}`, `${ROOT}/${PACKAGE}-${VERSION}.dist-info`);
  }
  for (const [path, line] of Object.entries(NAMED)) {
    const text = await Deno.readTextFile(`${ROOT}/${path}`).catch(() => "");
    const fresh = text.replace(line, `$1${VERSION}$2`);
    if (line.test(text) && fresh === text) continue;
    stale.push(path);
    if (write) await Deno.writeTextFile(`${ROOT}/${path}`, fresh);
  }
  return stale;
}
