/**
 * Writing all of some bytes: the system may take a part of them at a time.
 *
 * @module
 */

/** Writes them where the file is at. */
export async function writeAll(
  file: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
}
