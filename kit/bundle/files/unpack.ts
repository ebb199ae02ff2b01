/**
 * Unpacks an archive of a bundle that came from elsewhere.
 *
 * Only plain files and folders are taken, and each goes below the folder that it is unpacked to: an
 * archive with a link, a device, an absolute path or one that leads upwards is refused as a whole.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { loadTar } from "../../deps.ts";
import { writeAll } from "./write_all.ts";

/** Only the owner may look: a bundle names models and prompts' sizes. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Folders that hold parts of a bundle, and are no bundle themselves. */
const PARTS = /^(processes|logs|tp\d+)$/;

/**
 * Unpacks a tar archive, plain or gzip, into a folder that is there and empty.
 *
 * @returns The bundle's folder: `dir`, or the one folder in it that everything lies in.
 * @throws {UsageError} when it is no such archive, or holds what may not be unpacked; what was
 * unpacked until then is left to the caller. Needs write permission on `dir`.
 */
export async function unpackBundle(
  files: FileSystem,
  archive: ReadableStream<Uint8Array>,
  dir: string,
  signal?: AbortSignal,
): Promise<string> {
  const { createTarDecoder } = await loadTar();
  const decoder = createTarDecoder({ strict: true });
  let count = 0;
  try {
    const entries = (await unzipped(archive)).pipeThrough(decoder, signal ? { signal } : {});
    for await (const { header, body } of entries) {
      const path = safePath(header.name);
      if (header.type === "directory") {
        await files.mkdir(`${dir}/${path}`, { recursive: true, mode: FOLDER_MODE });
        await body.cancel();
      } else if ((header.type ?? "file") === "file" && path !== "") {
        await unpackFile(files, `${dir}/${path}`, body);
      } else {
        throw new UsageError(
          `Cannot unpack the archive: "${header.name}" is a ${header.type}, and only files and ` +
            "folders are taken; give an archive without it",
        );
      }
      count++;
    }
  } catch (error) {
    if (error instanceof UsageError || signal?.aborted) throw error;
    throw new UsageError(
      `Cannot read the archive: ${
        messageOf(error).replace(/\.$/, "")
      }; give one as tar -c BUNDLE makes it`,
    );
  }
  if (count === 0) {
    throw new UsageError(
      "Cannot read the archive: it is empty; give one as tar -c BUNDLE makes it",
    );
  }
  return await bundleIn(files, dir);
}

/** A path below the folder. */
function safePath(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (name.startsWith("/") || parts.includes("..") || /[\0\\]|^[A-Za-z]:/.test(name)) {
    throw new UsageError(
      `Cannot unpack the archive: ${JSON.stringify(name)} leads out of the bundle; ` +
        "give an archive as tar -c BUNDLE makes it",
    );
  }
  return parts.join("/");
}

async function unpackFile(
  files: FileSystem,
  target: string,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const folder = target.slice(0, target.lastIndexOf("/"));
  await files.mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  // A name that comes twice is refused, and nothing is written through what is there.
  using file = await files.open(target, { write: true, createNew: true, mode: FILE_MODE });
  for await (const block of body) {
    await writeAll(file, block);
  }
}

/** The bytes of the archive, whether it is compressed or not. */
async function unzipped(archive: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = archive.getReader();
  const { value: first } = await reader.read();
  const whole = new ReadableStream<Uint8Array>({
    start: (to) => first && to.enqueue(first),
    async pull(to) {
      const { value, done } = await reader.read();
      if (done) to.close();
      else to.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return first?.[0] === 0x1f && first[1] === 0x8b
    ? whole.pipeThrough(new DecompressionStream("gzip") as TransformStream<Uint8Array, Uint8Array>)
    : whole;
}

/** Goes down while there is nothing but one folder. */
async function bundleIn(files: FileSystem, dir: string): Promise<string> {
  const entries = await Array.fromAsync(files.readDir(dir));
  const [only] = entries;
  return entries.length === 1 && only!.isDirectory && !PARTS.test(only!.name)
    ? await bundleIn(files, `${dir}/${only!.name}`)
    : dir;
}
