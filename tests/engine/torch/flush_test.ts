import assert from "node:assert/strict";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { watchFlush } from "../../../kit/engine/torch/flush.ts";
import { inFolder } from "../../folders.ts";

/** Watches a folder; `look` is told of each look at it, and gives what the server answers by then. */
async function watched(look: (dir: string, looks: number) => Promise<"answer" | "Ctrl-C" | void>) {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  try {
    return await inFolder(async (dir) => {
      const ctrlC = new AbortController();
      const answer = Promise.withResolvers<void>();
      // As a request behaves: Ctrl-C ends it, too.
      ctrlC.signal.addEventListener("abort", () => answer.resolve());
      let looks = 0;
      const clock = Object.assign(Object.create(context.clock), {
        async sleep() {
          const happens = await look(dir, ++looks);
          if (happens === "answer") answer.resolve();
          if (happens === "Ctrl-C") ctrlC.abort();
          await new Promise((resolve) => setTimeout(resolve));
        },
      });
      const { inTime, traces } = await watchFlush(
        { ...context, clock },
        {
          ...{ dir, before: new Map(), workers: 1, timeoutMs: 60_000 },
          signal: ctrlC.signal,
        },
        answer.promise,
      );
      return { inTime, looks, files: traces.map(({ bytes }) => bytes) };
    });
  } finally {
    await close();
  }
}

Deno.test("traces are waited for until the server has answered and none grows any more", async () => {
  const { inTime, looks, files } = await watched(async (dir, looks) => {
    const path = `${dir}/tiny_rank0.1.pt.trace.json.gz`;
    if (looks >= 5 && looks <= 7) await Deno.writeTextFile(path, "x".repeat(looks));
    return looks === 6 ? "answer" : undefined;
  });
  assert.deepEqual([inTime, files], [true, [7]]);
  assert.ok(looks >= 10, String(looks));
});

Deno.test("Ctrl-C is no answer of the server, also where nothing is on disk yet", async () => {
  const { inTime, files } = await watched((_, looks) =>
    Promise.resolve(looks === 6 ? "Ctrl-C" : undefined)
  );
  assert.deepEqual([inTime, files], [false, []]);
});
