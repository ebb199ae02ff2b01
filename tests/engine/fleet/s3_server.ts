/** A real S3 server on loopback, behind a door at which a test may refuse requests. */

import { loadS3Server } from "../../deps.ts";

/** The server. */
export interface S3Server {
  readonly url: string;
  /** Environment of who may use it. */
  readonly env: Record<string, string>;
  /** Requests that came, as `PUT /bucket/key`. */
  readonly seen: string[];
  /** A status for a request, instead of the server's answer; undefined where it goes through. */
  refuse: (request: Request) => number | undefined;
  /** Objects that are there. */
  objects(): Promise<string[]>;
}

/** The only bucket. */
export const BUCKET = "sweeps";

const CODES: Record<number, string> = { 403: "ExpiredToken", 503: "SlowDown" };

/** A list with its first keys alone, and the word that there are more. */
function page(text: string, keys: number): string {
  const parts = text.split(/(?=<Contents>)/);
  const last = text.slice(text.lastIndexOf("</Contents>") + "</Contents>".length);
  if (parts.length - 1 <= keys) return text;
  return (parts.slice(0, keys + 1).join("") + last).replace(
    "<IsTruncated>false</IsTruncated>",
    "<IsTruncated>true</IsTruncated>",
  );
}

/** Runs `use` with a server that has one bucket and nothing in it. */
export async function withS3<T>(use: (s3: S3Server) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir({ prefix: "vscope-test-s3-" });
  const S3rver = await loadS3Server();
  const behind = new S3rver({
    ...{ address: "127.0.0.1", port: 0, silent: true, directory: dir },
    configureBuckets: [{ name: BUCKET, configs: [] }],
  });
  const { port } = await behind.run();
  const at = `http://127.0.0.1:${port}`;
  const env = {
    AWS_ACCESS_KEY_ID: "S3RVER",
    AWS_SECRET_ACCESS_KEY: "a-secret-that-nobody-may-see",
    AWS_SESSION_TOKEN: "a-token-that-nobody-may-see",
  };
  const door = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      // Of pages the server behind makes a cipher that Deno does not have: they are cut here.
      const pageKeys = Number(searchParams.get("max-keys") ?? Infinity);
      searchParams.delete("max-keys");
      s3.seen.push(`${request.method} ${pathname}`);
      const body = new Uint8Array(await request.arrayBuffer());
      const status = s3.refuse(request);
      if (status !== undefined) {
        return new Response(`<Error><Code>${CODES[status]}</Code></Error>`, { status });
      }
      const answer = await fetch(`${at}${pathname}?${searchParams}`, {
        method: request.method,
        headers: request.headers,
        ...(request.method === "PUT" ? { body } : {}),
      });
      const text = await answer.text();
      return new Response(answer.status === 204 ? null : page(text, pageKeys), {
        status: answer.status,
      });
    },
  );
  const s3: S3Server = {
    url: `http://127.0.0.1:${door.addr.port}`,
    env,
    seen: [],
    refuse: () => undefined,
    async objects() {
      const found: string[] = [];
      const visit = async (folder: string) => {
        for await (const { name, isDirectory } of Deno.readDir(folder)) {
          if (isDirectory) await visit(`${folder}/${name}`);
          else if (name.endsWith("_object")) found.push(`${folder}/${name}`.slice(dir.length));
        }
      };
      await visit(dir);
      return found.sort();
    },
  };
  try {
    return await use(s3);
  } finally {
    await door.shutdown();
    await behind.close();
    await Deno.remove(dir, { recursive: true });
  }
}
