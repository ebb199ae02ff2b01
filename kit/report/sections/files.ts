/**
 * The bundle's files.
 *
 * @module
 */

import { SESSION_TABLES } from "../../bundle/session/session_tables.ts";
import { size } from "../format.ts";
import { html } from "../html.ts";
import { type BundleSource, type Section, table, titled } from "../section.ts";

/** The files, with what a row of each table is. */
export const filesSection: Section<BundleSource> = ({ manifest }) => {
  const tables = new Map(
    Object.values(SESSION_TABLES).map(({ path, row }) => [path as string, row as string]),
  );
  const shown = manifest.artifacts.filter(({ path }) => !/(^|\/)processes\//.test(path));
  return titled(
    "files",
    "Files",
    table(
      "Files of the bundle",
      ["file", "size#", "a row is"],
      shown.map((
        { path, bytes },
      ) => [html`<code>${path}</code>`, size(bytes), tables.get(path) ?? ""]),
    ),
  );
};
