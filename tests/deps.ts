/** What only tests use, by its full and exact specifier. */

import fc from "npm:fast-check@4.10.2";

/**
 * Properties. The same cases each time, unless VSCOPE_TEST_SEED asks for others: who changes something is
 * not to be stopped by a rare case of something else.
 */
fc.configureGlobal({ seed: Number(Deno.env.get("VSCOPE_TEST_SEED") ?? 1) });

export { fc };

const long = Deno.env.has("VSCOPE_TEST_LONG");

/** How often a costly property is tried: the first quarter of the cases of a long run (`./dev test --long`). */
export const rounds = (all: number) => long ? all : Math.ceil(all / 4);

/** How far the places lie apart at which a file is cut: a long run cuts it at every byte. */
export const CUT_BYTES = long ? 1 : 3;

/** A browser. Loaded by a call, as in kit/deps.ts: most tests use none, and it takes half a second. */
export const loadChromium = async () => (await import("npm:playwright-core@1.65.1")).chromium;

/** A Parquet reader. */
export const loadParquetReader = () => import("npm:hyparquet@1.31.5");

/** A validator of JSON Schemas. */
export const loadJsonSchema = () => import("npm:ajv@8.20.0/dist/2020.js");

/** A server that speaks S3, on loopback. It looks at the name of a key, and not at what it signed. */
export const loadS3Server = async () =>
  (await import("npm:s3rver@3.7.1")).default as unknown as S3ServerClass;

/** The part of s3rver that is used: it brings no types of its own. */
export interface S3ServerClass {
  new (options: {
    address: string;
    port: number;
    silent: boolean;
    directory: string;
    configureBuckets: readonly { name: string; configs: readonly string[] }[];
  }): { run(): Promise<{ port: number }>; close(): Promise<void> };
}
