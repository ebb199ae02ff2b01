import assert from "node:assert/strict";
import { generatedTokens } from "../../../kit/engine/session/overhead.ts";

/** A server that closes the first connections without a word, and answers the others. */
async function withServer(
  closed: number,
  use: (baseUrl: string) => Promise<void>,
): Promise<number> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const serving = (async () => {
    for await (const connection of listener) {
      if (++connections > closed) {
        await connection.read(new Uint8Array(65536));
        const body = "vllm:generation_tokens_total 42.0\n";
        await connection.write(new TextEncoder().encode(
          `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
        ));
      }
      connection.close();
    }
  })();
  try {
    await use(`http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`);
  } finally {
    listener.close();
    await serving.catch(() => {});
  }
  return connections;
}

Deno.test("a connection that the server closes as it is used costs no measurement", async () => {
  await withServer(2, async (baseUrl) => assert.equal(await generatedTokens(baseUrl), 42));
});

Deno.test("a server that answers no connection is given up", async () => {
  await withServer(1000, (baseUrl) => assert.rejects(generatedTokens(baseUrl), TypeError));
});
