/**
 * Room on the disk that a run keeps for its own end.
 *
 * A disk that fills up while vLLM is watched leaves no place for what was dropped and how it ended.
 * The reserve is given up last, when all but the manifest has been written.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";

/** Name of the file within a bundle that is open. */
export const RESERVE_NAME = ".reserve";

/** Enough for the manifest of a run with dozens of processes. */
const BYTES = 1 << 20;

/** Takes the room; a disk that is full already has none to give, and that will show anyway. */
export async function keepReserve(files: FileSystem, dir: string): Promise<void> {
  // Random bytes, because a file system may store zeros, or what repeats, as nothing.
  const block = crypto.getRandomValues(new Uint8Array(1 << 16));
  const bytes = new Uint8Array(BYTES);
  for (let place = 0; place < BYTES; place += block.length) bytes.set(block, place);
  await files.writeFile(`${dir}/${RESERVE_NAME}`, bytes).catch(() => {});
}

/** Gives the room back. */
export async function giveUpReserve(files: FileSystem, dir: string): Promise<void> {
  await files.remove(`${dir}/${RESERVE_NAME}`).catch(() => {});
}
