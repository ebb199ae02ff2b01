import assert from "node:assert/strict";
import { sendRequests } from "../../../kit/engine/server/requests.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";

const USAGE = { prompt_tokens: 3, completion_tokens: 2 };

/** Sends one request to a server that answers with this. */
async function askOnce(answer: string, stream: boolean) {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(answer),
  );
  const baseUrl = `http://127.0.0.1:${server.addr.port}`;
  try {
    const target = { baseUrl, model: "tiny", concurrency: 1 };
    const request = { prompt: "token", maxTokens: 2, ignoreEos: true, stream };
    const [result] = await sendRequests(context, target, [request]);
    return result!;
  } finally {
    await server.shutdown();
    await close();
  }
}

Deno.test("tokens are counted as the end of an answer tells them, streamed or whole", async () => {
  const document = JSON.stringify({ id: "cmpl-1", usage: USAGE });
  for (
    const result of [
      await askOnce(`data: {"id":"cmpl-1"}\n\ndata: ${document}\n\ndata: [DONE]\n\n`, true),
      await askOnce(document, false),
    ]
  ) {
    const { ok, id, promptTokens, completionTokens } = result;
    assert.deepEqual([ok, id, promptTokens, completionTokens], [true, "cmpl-1", 3, 2]);
  }
});

Deno.test("an answer that an engine's death cuts off has failed, in the words of the server", async () => {
  const error = JSON.stringify({ error: { message: "EngineCore encountered an issue" } });
  const cut = await askOnce(`data: {"id":"cmpl-1"}\n\ndata: ${error}\n\ndata: [DONE]\n\n`, true);
  assert.deepEqual(
    [cut.ok, cut.error],
    [false, "an answer that was cut off: EngineCore encountered an issue"],
  );
  for (const answer of ["", 'data: {"id":"cmpl-1"}\n\n']) {
    const silent = await askOnce(answer, true);
    assert.equal(silent.ok, false);
    assert.match(silent.error ?? "", /neither a usage nor an error/);
  }
});
