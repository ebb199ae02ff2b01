/**
 * Standard input as a file: readers look at a capture's beginning before they read it.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";

/** Runs `use` with the path of a file that holds what standard input gives; it is removed then. */
export async function withStandardInput<T>(
  files: FileSystem,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const dir = await files.makeTempDir({ prefix: "vscope-stdin-" });
  try {
    const path = `${dir}/standard-input`;
    using from = await files.open("/dev/stdin", { read: true });
    using to = await files.open(path, { write: true, create: true });
    const buffer = new Uint8Array(1 << 18);
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      let data = buffer.subarray(0, count);
      while (data.length > 0) data = data.subarray(await to.write(data));
    }
    return await use(path);
  } finally {
    await files.remove(dir, { recursive: true });
  }
}
