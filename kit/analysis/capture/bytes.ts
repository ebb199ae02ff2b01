/**
 * The bytes of a capture's file, unpacked where it is gzip.
 *
 * @module
 */

import { Readable } from "node:stream";
import { constants, createGunzip, type ZlibOptions } from "node:zlib";
import type { FileSystem } from "../../contract/context.ts";

/** How many bytes a reader sees before it says whether a file is its own. */
export const HEAD_BYTES = 1 << 16;

const BLOCK_BYTES = 1 << 18;

/** The file is a gzip archive whose contents are damaged: what came out cannot be trusted. */
export class DamagedArchive extends Error {
  override name = "DamagedArchive";
}

/** Whether the first bytes are those of a gzip file. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** The first bytes of a file's content; fewer where the file is shorter or cut. */
export async function headOf(files: FileSystem, path: string): Promise<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES);
  let length = 0;
  for await (const block of contentOf(files, path, { cut: "" })) {
    const part = block.subarray(0, HEAD_BYTES - length);
    head.set(part, length);
    length += part.length;
    if (length === HEAD_BYTES) break;
  }
  return head.subarray(0, length);
}

/**
 * The content of a file in blocks; each block is valid until the next is asked for.
 *
 * @param end `cut` is set when a gzip file ends too early: all that came before is sound.
 * @throws DamagedArchive when a checksum or a code in a gzip file is wrong.
 */
export async function* contentOf(
  files: FileSystem,
  path: string,
  end: { cut: string },
): AsyncGenerator<Uint8Array> {
  if (!await startsAsGzip(files, path)) {
    yield* plain(files, path);
    return;
  }
  // A strict end would drop blocks that are on their way when the file ends too early.
  const lenient = { finishFlush: constants.Z_SYNC_FLUSH };
  let length = 0;
  for await (const block of unpacked(files, path, lenient)) {
    length += block.length;
    yield block;
  }
  if (length % 2 ** 32 === await toldLength(files, path)) return;
  // Cut short, or made of several archives: reading it strictly tells.
  try {
    for await (const _block of unpacked(files, path, {}));
  } catch (error) {
    if (!(error instanceof CutArchive)) throw error;
    end.cut = "the gzip file ends too early";
  }
}

class CutArchive extends Error {}

async function* unpacked(
  files: FileSystem,
  path: string,
  options: ZlibOptions,
): AsyncGenerator<Uint8Array> {
  const packed = Readable.from(copies(plain(files, path)));
  const stream = createGunzip({ chunkSize: BLOCK_BYTES, ...options });
  packed.on("error", (error) => stream.destroy(error));
  packed.pipe(stream);
  try {
    for await (const block of stream) yield block as Uint8Array;
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    if (code === "Z_BUF_ERROR") throw new CutArchive(message);
    if (code.startsWith("Z_")) throw new DamagedArchive(message);
    throw error;
  } finally {
    packed.destroy();
    stream.destroy();
  }
}

/** The length that the end of an archive tells, modulo 2³². */
async function toldLength(files: FileSystem, path: string): Promise<number> {
  if ((await files.stat(path)).size < 4) return -1;
  using file = await files.open(path, { read: true });
  const last = new Uint8Array(4);
  await file.seek(-4, Deno.SeekMode.End);
  await file.read(last);
  return new DataView(last.buffer).getUint32(0, true);
}

/** Streams keep the blocks that they are given. */
async function* copies(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const block of blocks) yield block.slice();
}

async function startsAsGzip(files: FileSystem, path: string): Promise<boolean> {
  using file = await files.open(path, { read: true });
  const first = new Uint8Array(2);
  return await file.read(first) === 2 && isGzip(first);
}

async function* plain(files: FileSystem, path: string): AsyncGenerator<Uint8Array> {
  using file = await files.open(path, { read: true });
  const buffer = new Uint8Array(BLOCK_BYTES);
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) return;
    if (count > 0) yield buffer.subarray(0, count);
  }
}
