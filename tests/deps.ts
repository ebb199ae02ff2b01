/** What only tests use, by its full and exact specifier. */

export { default as fc } from "npm:fast-check@4.10.2";

/** A browser. Loaded by a call, as in kit/deps.ts: most tests use none, and it takes half a second. */
export const loadChromium = async () => (await import("npm:playwright-core@1.65.1")).chromium;

/** A Parquet reader. */
export const loadParquetReader = () => import("npm:hyparquet@1.31.5");

/** A validator of JSON Schemas. */
export const loadJsonSchema = () => import("npm:ajv@8.20.0/dist/2020.js");
