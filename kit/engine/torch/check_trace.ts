/**
 * Whether a trace can be read to its end, and what its head tells.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";

/** A trace after a look at all of it. */
export interface TraceCheck {
  /** Why it cannot be read to its end; absent for a whole one. */
  flaw?: string;
  rank?: number;
  worldSize?: number;
}

const HEAD_BYTES = 1 << 16;
const TAIL_BYTES = 64;

/**
 * Reads a trace, plain or gzip, without keeping it. Needs read permission.
 *
 * @param signal Gives up: what has been read was whole, the rest is not known.
 */
export async function checkTrace(
  files: FileSystem,
  path: string,
  signal?: AbortSignal,
): Promise<TraceCheck> {
  const decoder = new TextDecoder();
  let head = "";
  let tail = "";
  let bytes = 0;
  try {
    const file = await files.open(path, { read: true });
    const readable: ReadableStream<Uint8Array<ArrayBuffer>> = path.endsWith(".gz")
      ? file.readable.pipeThrough(new DecompressionStream("gzip"))
      : file.readable;
    for await (const block of readable) {
      bytes += block.length;
      if (head.length < HEAD_BYTES) head += decoder.decode(block, { stream: true });
      tail = (tail + new TextDecoder().decode(block.subarray(-TAIL_BYTES))).slice(-TAIL_BYTES);
      if (signal?.aborted) return headFacts(head);
    }
  } catch (error) {
    return { ...headFacts(head), flaw: `cannot be read to its end (${messageOf(error)})` };
  }
  if (bytes === 0) return { flaw: "is empty" };
  const whole = tail.trimEnd().endsWith("}");
  return { ...headFacts(head), ...(whole ? {} : { flaw: "is cut short" }) };
}

/** torch names rank and world in a distributed run, ahead of the events. */
function headFacts(head: string): TraceCheck {
  const info = /"distributedInfo":\s*\{[^}]*\}/.exec(head)?.[0] ?? "";
  const number = (name: string) => {
    const text = new RegExp(`"${name}":\\s*(\\d+)`).exec(info)?.[1];
    return text === undefined ? undefined : Number(text);
  };
  const [rank, worldSize] = [number("rank"), number("world_size")];
  return {
    ...(rank === undefined ? {} : { rank }),
    ...(worldSize === undefined ? {} : { worldSize }),
  };
}
