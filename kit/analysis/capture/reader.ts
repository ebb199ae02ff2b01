/**
 * What a reader of captures is. Adding one is a file that exports a reader, and a line in
 * `readers.ts`.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import type { CaptureAnalysis, CaptureKind, Category } from "./model.ts";

/** What a reader may use besides the files. */
export interface ReadOptions {
  /** Aborted by Ctrl-C; readers then stop between two blocks with a RunError. */
  readonly signal?: AbortSignal;
  /** Told now and then how far the reading is. */
  progress?(text: string): void;
  /** Of Nsight Compute's launches, those of these kinds of work alone. */
  readonly only?: readonly Category[];
}

/** What `--window` asks for: steps from `from` to `to` (both included, from 0 on), or seconds. */
export interface Window {
  readonly unit: "iteration" | "seconds";
  readonly from: number;
  readonly to: number;
}

/** What a trimmed copy holds. */
export interface Trimmed {
  readonly events: number;
  readonly bytes: number;
  /** The part of the capture's time that was copied, from its first event. */
  readonly from_ns: number;
  readonly to_ns: number;
}

/** Reads the captures of one tool. */
export interface CaptureReader {
  readonly kind: CaptureKind;
  /** As in "this vscope reads …", with how the file's name usually ends. */
  readonly description: string;
  /**
   * Whether a file is one of this reader's.
   *
   * @param path The file's name, for its ending; a name alone should not decide.
   * @param head The first bytes of its content (at most 64 KiB), unpacked where it is gzip.
   */
  recognises(path: string, head: Uint8Array): boolean;
  /**
   * Reads files; several are the ranks of one run. Memory does not grow with the files.
   *
   * @throws UsageError when a file holds nothing that can be read. A file that is cut short or
   * damaged gives what can be read, and `partial` says what is missing.
   */
  read(
    files: FileSystem,
    paths: readonly string[],
    options: ReadOptions,
  ): Promise<CaptureAnalysis>;
  /** Writes a copy of a window that the tool's own viewer opens; absent where there is no such. */
  trim?(
    files: FileSystem,
    path: string,
    window: Window,
    out: string,
    options: ReadOptions,
  ): Promise<Trimmed>;
}
