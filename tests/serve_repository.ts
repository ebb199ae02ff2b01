/** The checkout on a loopback server, as a host of source files would serve it. */

import { ROOT } from "./dev/run.ts";

const TYPES: Record<string, string> = { ts: "application/typescript", json: "application/json" };

/**
 * Serves the checkout while `use` runs; `url` ends without a slash.
 *
 * @param altered What the host serves in the place of a file, by its path, as `/cli.ts`.
 */
export async function withRepository<T>(
  use: (url: string) => Promise<T>,
  altered: Readonly<Record<string, string>> = {},
): Promise<T> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    try {
      const type = TYPES[path.split(".").at(-1)!] ?? "text/plain";
      const body = altered[path] ?? await Deno.readFile(ROOT + path);
      return new Response(body, { headers: { "content-type": type } });
    } catch {
      return new Response("there is no such file", { status: 404 });
    }
  });
  try {
    return await use(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}
