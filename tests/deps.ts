/** What only tests use, by its full and exact specifier. */

export { default as fc } from "npm:fast-check@4.10.2";
export { chromium } from "npm:playwright-core@1.65.1";
export { parquetMetadata, parquetReadObjects } from "npm:hyparquet@1.31.5";
