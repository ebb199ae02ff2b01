/** What only tests use, by its full and exact specifier. */

import fc from "npm:fast-check@4.10.2";

/**
 * Properties. The same cases each time, unless VSCOPE_TEST_SEED asks for others: who changes something is
 * not to be stopped by a rare case of something else.
 */
fc.configureGlobal({ seed: Number(Deno.env.get("VSCOPE_TEST_SEED") ?? 1) });

export { fc };

/** A browser. Loaded by a call, as in kit/deps.ts: most tests use none, and it takes half a second. */
export const loadChromium = async () => (await import("npm:playwright-core@1.65.1")).chromium;

/** A Parquet reader. */
export const loadParquetReader = () => import("npm:hyparquet@1.31.5");
