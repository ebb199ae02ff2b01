/** Scraping a server's own metrics, and turning them on. */

import assert from "node:assert/strict";
import { readCsv } from "../../../kit/bundle/files/csv_file.ts";
import type { RunContext } from "../../../kit/contract/context.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { withOwnMetrics } from "../../../kit/engine/vllm_metrics/options.ts";
import { Scraper } from "../../../kit/engine/vllm_metrics/scraper.ts";
import { inFolder } from "../../folders.ts";
import { writeFakeVllm } from "../../hooks/fake_vllm.ts";

/** Runs `use` with a context whose sleeps take as long as `turn` says. */
async function inContext(
  use: (context: RunContext) => Promise<void>,
  turn: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  const clock = {
    ...context.clock,
    sleep: async (_ms: number, signal?: AbortSignal) => {
      await turn();
      await new Promise((resolve) => setTimeout(resolve, signal?.aborted ? 0 : 5));
    },
  };
  try {
    await use({ ...context, clock });
  } finally {
    await close();
  }
}

Deno.test("values are kept where they have changed, buckets only of the last scrape", async () => {
  await inFolder(async (dir) => {
    let answered = 0;
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
      answered++;
      if (answered === 1) return new Response("starting", { status: 503 });
      if (answered === 3) return new Response("busy", { status: 500 });
      return new Response(
        `a_total{x="1,\\"2"} ${Math.min(answered, 4)}\nb 7\nh_bucket{le="1"} ${answered}\n` +
          "a_created 1.7e9\n",
      );
    });
    let turns = 0;
    let reached = () => {};
    const six = new Promise<void>((resolve) => reached = resolve);
    await inContext(async (context) => {
      const scraper = new Scraper(context, {
        url: `http://127.0.0.1:${server.addr.port}/metrics`,
        dir,
        startedAt: new Date(),
        intervalSec: 1,
        added: ["--x"],
        missing: [],
      });
      await six;
      const record = await scraper.finish();
      assert.equal(record.failed, 1);
      assert.equal(record.scrapes, answered - 2);
      // Another call changes nothing.
      assert.equal((await scraper.finish()).scrapes, record.scrapes);
      assert.deepEqual(
        JSON.parse(await Deno.readTextFile(`${dir}/vllm_metrics/scrapes.json`)).added_options,
        ["--x"],
      );
    }, () => {
      if (++turns === 6) reached();
      return Promise.resolve();
    });
    await server.shutdown();
    const stream = (await readCsv(Deno, `${dir}/vllm_metrics/values.csv`))!;
    const rows: string[][] = [];
    for await (const batch of stream.batches) rows.push(...batch);
    assert.deepEqual(stream.header, ["timestamp_sec", "metric", "labels", "value"]);
    assert.deepEqual(rows.map(([, ...cells]) => cells), [
      ["a_total", 'x="1,\\"2"', "2"],
      ["b", "", "7"],
      ["a_total", 'x="1,\\"2"', "4"],
    ]);
    assert.match(
      await Deno.readTextFile(`${dir}/vllm_metrics/last.prom`),
      new RegExp(`h_bucket\\{le="1"\\} ${answered}\n`),
    );
  });
});

Deno.test("a server that never answers leaves no values, and holds nothing up", async () => {
  await inFolder(async (dir) => {
    await inContext(async (context) => {
      const url = "http://127.0.0.1:9/metrics";
      const plan = { url, dir, startedAt: new Date(), intervalSec: 1, added: [], missing: [] };
      const record = await new Scraper(context, plan).finish();
      assert.deepEqual([record.scrapes, record.failed, record.last_sec], [0, 0, undefined]);
    });
  });
});

Deno.test("those options are added that this vLLM has and the command does not say", async () => {
  await inFolder(async (dir) => {
    await writeFakeVllm(dir);
    await Deno.writeTextFile(
      `${dir}/vllm/engine/arg_utils.py`,
      'parser.add("--cudagraph-metrics")\nparser.add("--kv-cache-metrics", "a --text with words")\n',
    );
    await inContext(async (context) => {
      const capture: RunContext["processes"]["capture"] = (argv, options) =>
        context.processes.capture(argv, { ...options, env: { PYTHONPATH: dir }, inherit: true });
      const processes = { start: context.processes.start, capture } as RunContext["processes"];
      const added = (argv: string[], python: string | undefined = "python3") =>
        withOwnMetrics({ ...context, processes }, argv, python);
      const serve = ["vllm", "serve", "M"];
      assert.deepEqual(await added(serve), {
        argv: [...serve, "--cudagraph-metrics", "--kv-cache-metrics"],
        added: ["--cudagraph-metrics", "--kv-cache-metrics"],
        missing: ["--enable-logging-iteration-details"],
      });
      const own = [...serve, "--kv_cache_metrics", "--no-cudagraph-metrics"];
      assert.deepEqual((await added(own)).argv, own);
      assert.deepEqual((await added(serve, "no-such-python")).argv, serve);
      await assert.rejects(added([...serve, "--disable_log_stats"]), /take one of the two back/);
    });
  });
});
