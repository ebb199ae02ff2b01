/**
 * Takes the bytes of a Parquet file from the library, and writes them out after each row group.
 *
 * @module
 */

import { openUnfinished, unfinished } from "../../../bundle/files/whole_file.ts";
import type { FileSystem } from "../../../contract/context.ts";
import type { loadParquetWriter } from "../../../deps.ts";

type Library = Awaited<ReturnType<typeof loadParquetWriter>>;

/** What the library writes to: its own buffer, emptied whenever it may be. */
export type GroupBuffer = InstanceType<Library["ByteWriter"]>;

/** A Parquet file that has its name once it is whole. */
export interface ParquetFile {
  readonly buffer: GroupBuffer;
  /** Gives the file its name; returns its bytes. */
  close(): Promise<number>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

/** Opens a file. Needs write permission. */
export async function openParquet(
  library: Library,
  files: FileSystem,
  path: string,
): Promise<ParquetFile> {
  const file = await openUnfinished(files, path);
  const buffer = new library.ByteWriter(1 << 16);
  const empty = async () => {
    let data = buffer.getBytes();
    while (data.length > 0) data = data.subarray(await file.write(data));
    buffer.index = 0;
  };
  Object.assign(buffer, { flush: empty, finish: empty });
  return {
    buffer,
    async close() {
      file.close();
      await files.rename(unfinished(path), path);
      return buffer.offset;
    },
    async abandon() {
      file.close();
      await files.remove(unfinished(path)).catch(() => {});
    },
  };
}
