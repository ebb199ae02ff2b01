/**
 * Reads XML from a file as a stream of tags and texts.
 *
 * @module
 */

import { loadXml } from "../../deps.ts";
import type { FileSystem } from "../../contract/context.ts";

/** What is done with the parts of a document. */
export interface XmlHandler {
  open(tag: string, attributes: Readonly<Record<string, string>>): void;
  text(text: string): void;
  close(tag: string): void;
}

/** How a reading ended. */
export interface XmlEnd {
  /** Why it was not read to its end: it is cut short, or is no XML. */
  problem?: string;
}

/** Reads a file in blocks; what came before a problem has been handed on. Needs read permission. */
export async function readXml(
  files: FileSystem,
  path: string,
  handler: XmlHandler,
): Promise<XmlEnd> {
  const { SaxesParser } = await loadXml();
  const parser = new SaxesParser({ position: false });
  let problem: string | undefined;
  parser.on("error", (error) => {
    problem ??= error.message;
  });
  parser.on("opentag", (tag) => {
    if (!problem) handler.open(tag.name, tag.attributes as Record<string, string>);
  });
  const text = (piece: string) => {
    if (!problem) handler.text(piece);
  };
  parser.on("text", text);
  parser.on("cdata", text);
  parser.on("closetag", (tag) => {
    if (!problem) handler.close(tag.name);
  });
  using file = await files.open(path, { read: true });
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 18);
  while (!problem) {
    const count = await file.read(buffer);
    if (count === null) {
      parser.write(decoder.decode()).close();
      break;
    }
    parser.write(decoder.decode(buffer.subarray(0, count), { stream: true }));
  }
  return problem === undefined ? {} : { problem };
}
