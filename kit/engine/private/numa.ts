/**
 * libnuma for the private vLLM: vLLM's CPU build is linked with it and does not bring it, and small
 * images do not have it.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { askPython } from "../python/ask_python.ts";
import source from "./add_numa.py" with { type: "text" };

/** Debian 12's package (LGPL-2.1): no Python package has the library. */
const PACKAGE = {
  url: "https://deb.debian.org/debian/pool/main/n/numactl/libnuma1_2.0.16-1_amd64.deb",
  sha256: "639e1ab6bd66ead40db8a22c332d7199679fa22db261cac34444eb8eb4c17dda",
};

/**
 * Makes sure that a Python finds libnuma: the machine's, or one that is put into its environment.
 * Needs permission to run it, and Debian's server where the machine has none.
 *
 * @throws {RunError} when there is none and it cannot be had.
 */
export async function ensureNuma(
  context: RunContext,
  python: string,
  { url, sha256 }: { url: string; sha256: string } = PACKAGE,
): Promise<void> {
  const path = "kit/engine/private/add_numa.py";
  const found = await askPython(context, python, path, source, [url, sha256]) as
    | { path?: string | null; error?: string }
    | undefined;
  if (found?.path) context.output.note(`libnuma is not installed: it is taken from ${url}`);
  if (found?.path !== undefined) return;
  throw new RunError(
    "Cannot make a private vLLM: it needs libnuma, which is not installed and cannot be fetched (" +
      `${found?.error ?? "Python gave no answer"}); install libnuma1 (Debian, Ubuntu) or ` +
      "numactl-libs (Fedora), or name a Python that has vLLM with --python",
  );
}
