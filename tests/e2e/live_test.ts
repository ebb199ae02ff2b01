import assert from "node:assert/strict";
import { ended, startVscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { findFreePort } from "../../kit/engine/free_port.ts";
import { complete, healthy, serveCommand, watched } from "./engine.ts";
import { allAgree, neverFell, scrape } from "./live.ts";

Deno.test("/metrics of a running session never falls, and agrees at its end with watch, export, tables and analysis", async () => {
  // So few blocks that eight requests cannot all stay: preemptions are counted everywhere, too.
  const { argv, env, baseUrl } = await serveCommand(
    ...["--num-gpu-blocks-override", "12", "--async-scheduling", "--no-enable-prefix-caching"],
  );
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const address = `127.0.0.1:${findFreePort()}`;
    const args = ["monitor", "--quiet", "--out", dir, "--metrics", address, "--", ...argv];
    const child = startVscope(args, { env });
    await healthy(baseUrl, watched(child));
    const scraped = scrape(address);
    const answers = await Promise.all(Array.from(
      { length: 8 },
      (_, n) =>
        complete(baseUrl, { prompt: `cache ${n} `.repeat(30), max_tokens: 300, ignore_eos: true }),
    ));
    assert.ok(answers.every((answer) => answer !== undefined));
    // More than the hooks and two scrapes take.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await scraped.stop();
    child.kill("SIGINT");
    const ran = await ended(child);
    assert.equal(ran.code, 130, ran.stderr);
    neverFell(scraped.texts);
    await allAgree(dir);
  });
});
