/**
 * Where an export that is text goes: standard output, or a file that has its name once it is whole.
 *
 * @module
 */

import type { FileSystem, RunContext } from "../../contract/context.ts";
import { openUnfinished, unfinished } from "../../bundle/files/whole_file.ts";
import { ReaderGone } from "../../contract/errors.ts";

/** Takes text in pieces. */
export interface TextSink {
  /** Whole lines, the end of the last included. */
  write(lines: string): Promise<void>;
  /** Gives the file its name. */
  close(): Promise<void>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

/** Runs `use` with a sink; what it wrote is kept only when it ends well. Needs write permission. */
export async function intoSink<T>(
  { files, output }: RunContext,
  out: string | undefined,
  use: (sink: TextSink) => Promise<T>,
): Promise<T> {
  const sink = out === undefined ? outputSink(output) : await fileSink(files, out);
  try {
    const result = await use(sink);
    await sink.close();
    return result;
  } catch (error) {
    await sink.abandon();
    throw error;
  }
}

function outputSink(output: RunContext["output"]): TextSink {
  const nothing = () => Promise.resolve();
  return {
    write(lines) {
      // A result is a line, and gets its end where it is printed.
      output.result(lines.replace(/\n$/, ""));
      if (output.gone) throw new ReaderGone();
      return Promise.resolve();
    },
    close: nothing,
    abandon: nothing,
  };
}

async function fileSink(files: FileSystem, path: string): Promise<TextSink> {
  const file = await openUnfinished(files, path);
  const encoder = new TextEncoder();
  let open = true;
  const close = () => {
    if (open) file.close();
    open = false;
  };
  return {
    async write(lines) {
      let data = encoder.encode(lines);
      while (data.length > 0) data = data.subarray(await file.write(data));
    },
    async close() {
      close();
      await files.rename(unfinished(path), path);
    },
    async abandon() {
      close();
      await files.remove(unfinished(path)).catch(() => {});
    },
  };
}
