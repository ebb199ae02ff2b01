/** One session of a real server with all that a session can have beside it: one start for many checks. */

import assert from "node:assert/strict";
import { ended as over, startVscope, vscope } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { inFolder } from "../folders.ts";
import { findFreePort } from "../../kit/engine/system/free_port.ts";
import { complete, healthy, serveCommand, watched } from "./engine.ts";
import { allAgree, comesToRest, ended, neverFell, scrape } from "./live.ts";
import { OWN_PROFILERS, ownProfilersRecorded } from "./own_profilers.ts";
import { VLLM_METRICS, vllmMetricsAgree } from "./vllm_metrics.ts";

Deno.test("a session with /metrics, vLLM's own metrics and profilers of one's own, some of them careless", async (t) => {
  // So few blocks that eight requests cannot all stay: preemptions are counted everywhere, too.
  const { argv, env, baseUrl } = await serveCommand(
    ...["--num-gpu-blocks-override", "12", "--async-scheduling", "--no-enable-prefix-caching"],
  );
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const address = `127.0.0.1:${findFreePort()}`;
    const more = ["--metrics", address, ...VLLM_METRICS, ...OWN_PROFILERS];
    const child = startVscope(["monitor", "--out", dir, ...more, "--", ...argv], { env });
    // It is read as it comes: a pipe that nobody empties would hold up vLLM, which tells of every step.
    const output = over(child);
    await healthy(baseUrl, watched(child));
    const scraped = scrape(address);
    const long = await Promise.all(Array.from(
      { length: 8 },
      (_, n) =>
        complete(baseUrl, { prompt: `cache ${n} `.repeat(30), max_tokens: 300, ignore_eos: true }),
    ));
    // The tiny server takes eight at a time: the others wait.
    const short = await Promise.all(Array.from(
      { length: 20 },
      (_, n) => complete(baseUrl, { prompt: `own ${n}`, max_tokens: 60, ignore_eos: true }),
    ));
    assert.ok([...long, ...short].every((answer) => answer !== undefined));
    // vLLM logs its CUDA graphs every ten seconds, and only after a request.
    await until("vLLM logs its CUDA graphs", 300_000, async () => {
      const logs = ["stdout", "stderr"].map((name) => `${dir}/logs/${name}.log`);
      const texts = await Promise.all(logs.map((path) => Deno.readTextFile(path)));
      return texts.some((text) => /\| *NONE *\|/.test(text));
    });
    assert.ok(await complete(baseUrl, { prompt: "one more", max_tokens: 4 }));
    const requests = long.length + short.length + 1;
    await until("it is scraped to the end", 300_000, async () => await ended(dir) === requests);
    await comesToRest(dir);
    const { length } = scraped.texts;
    await until("it is told to the end", 300_000, () => scraped.texts.length > length + 1);
    const seen = JSON.parse((await vscope(["watch", dir, "--once", "--json"])).stdout);
    await scraped.stop();
    child.kill("SIGINT");
    const ran = await output;
    assert.equal(ran.code, 130, ran.stderr);
    assert.match(
      ran.stderr,
      /Added to the command: --cudagraph-metrics --kv-cache-metrics --enable-logging-iteration-details/,
    );
    assert.match(ran.stderr, /nowhere watches vllm\.v1\.no_such_module, which the installed vLLM/);

    await t.step("no counter of /metrics ever fell", () => neverFell(scraped.texts));
    await t.step(
      "/metrics agrees at the end with watch, export, tables and analysis",
      () => allAgree(dir),
    );
    await t.step(
      "profilers of one's own record beside ours, and careless ones harm nothing",
      () => ownProfilersRecorded(dir, seen, scraped.texts.at(-1)!),
    );
    await t.step(
      "vLLM's own metrics are turned on, scraped, and set beside ours",
      () => vllmMetricsAgree(dir),
    );
  });
});
