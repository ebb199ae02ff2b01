/**
 * Reads what `xctrace export --toc` writes: what was recorded, and which tables there are.
 *
 * The document also holds the environment and the arguments of the recorded process, which may be
 * secret: they are not read.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { readXml } from "./xml_stream.ts";

/** The table of contents. What it does not tell is absent. */
export interface TraceContents {
  template?: string;
  instruments?: string;
  end_reason?: string;
  seconds?: number;
  machine?: string;
  macos?: string;
  target?: {
    name?: string;
    pid?: number;
    /** `launched` or `attached`. */
    type?: string;
    ended?: string;
  };
  /** Schemas of the tables, each once. */
  tables: string[];
  /** Why it is not whole. */
  problem?: string;
}

/** Reads a file. Needs read permission. */
export async function readContents(files: FileSystem, path: string): Promise<TraceContents> {
  const contents: TraceContents = { tables: [] };
  const summary: Record<string, string> = {};
  const at: string[] = [];
  const end = await readXml(files, path, {
    open(tag, attributes) {
      at.push(tag);
      const place = at.slice(-2).join("/");
      if (place === "target/device") {
        if (attributes["model"]) contents.machine = attributes["model"];
        if (attributes["os-version"]) contents.macos = attributes["os-version"];
      }
      if (place === "target/process") contents.target = targetOf(attributes);
      if (place === "data/table" && attributes["schema"]) {
        if (!contents.tables.includes(attributes["schema"])) {
          contents.tables.push(attributes["schema"]);
        }
      }
    },
    text(piece) {
      const tag = at.at(-1);
      if (tag !== undefined && at.at(-2) === "summary") summary[tag] = (summary[tag] ?? "") + piece;
    },
    close() {
      at.pop();
    },
  });
  const text = (name: string) => summary[name]?.trim() || undefined;
  const seconds = Number(text("duration") ?? NaN);
  const template = text("template-name");
  const instruments = text("instruments-version");
  const reason = text("end-reason");
  if (template) contents.template = template;
  if (instruments) contents.instruments = instruments;
  if (reason) contents.end_reason = reason;
  if (seconds > 0) contents.seconds = seconds;
  if (end.problem) contents.problem = end.problem;
  return contents;
}

function targetOf(
  attributes: Readonly<Record<string, string>>,
): NonNullable<TraceContents["target"]> {
  const { name, pid, type } = attributes;
  const ended = attributes["termination-reason"];
  return {
    ...(name ? { name } : {}),
    ...(pid && /^\d+$/.test(pid) ? { pid: Number(pid) } : {}),
    ...(type ? { type } : {}),
    ...(ended ? { ended } : {}),
  };
}
