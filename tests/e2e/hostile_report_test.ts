/** Bundles that somebody made to script the page: every text in them is markup. */

import assert from "node:assert/strict";
import { generateReport } from "../../kit/report/generate.ts";
import { ROOT } from "../dev/run.ts";
import { until } from "../engine/processes.ts";
import { inFolder } from "../folders.ts";
import { CAPTURES, PAYLOADS, poison } from "../report/hostile.ts";
import { PATIENCE_MS, startChromium } from "./page.ts";

/** A page has its charts. */
const DRAWN = "document.querySelectorAll('canvas, svg').length > 0";

Deno.test("a hostile bundle cannot script its report, and the browser would not let it", async () => {
  const browser = await startChromium();
  try {
    await inFolder(async (parent) => {
      /** Opens a page; what it ran or asked for. */
      const opened = async (path: string, awaited = DRAWN) => {
        const page = await browser.newPage();
        page.setDefaultTimeout(PATIENCE_MS);
        const seen: string[] = [];
        page.on("dialog", (dialog) => {
          seen.push(`dialog ${dialog.message()}`);
          dialog.dismiss();
        });
        page.on("pageerror", (error) => seen.push(`error ${error}`));
        page.on("request", (request) => {
          if (request.url() !== `file://${path}`) seen.push(`request ${request.url()}`);
        });
        await page.goto(`file://${path}`);
        // Charts are drawn as they come into sight, and names shown as the mouse is over them.
        await page.evaluate("window.scrollTo(0, document.body.scrollHeight)");
        await until(awaited, PATIENCE_MS, async () => Boolean(await page.evaluate(awaited)));
        await page.waitForTimeout(300);
        const state = await page.evaluate(
          "({ pwned: globalThis.pwned, text: document.body.innerText.includes('pwned'), " +
            "charts: document.querySelectorAll('canvas, svg').length })",
        ) as { pwned?: number; text: boolean; charts: number };
        await page.close();
        return { ...state, seen };
      };
      let written = "";
      for (const name of ["session", "moe"]) {
        const source = `${ROOT}/perf/examples/${name}`;
        const dir = `${parent}/${name}`;
        await poison(source, dir);
        const { path } = await generateReport(Deno, dir);
        const { pwned, text, charts, seen } = await opened(path);
        assert.deepEqual([pwned, seen], [undefined, []], name);
        assert.ok(text && charts > 0, `${name}: the page shows the texts and its charts`);
        written = path;
      }
      for (const [name, write] of Object.entries(CAPTURES)) {
        const dir = `${parent}/${name}`;
        await Deno.mkdir(dir);
        await write(dir);
        const { path } = await generateReport(Deno, dir);
        // Not every capture has something to draw.
        const { pwned, text, seen } = await opened(path, "document.querySelector('main') !== null");
        assert.deepEqual([pwned, seen, text], [undefined, [], true], name);
      }
      // Should a text ever become markup, the page's own policy stands in the way.
      const page = await Deno.readTextFile(written);
      const pierced = `${parent}/pierced.html`;
      await Deno.writeTextFile(pierced, page.replace("<main>", `<main>${PAYLOADS.join("")}`));
      const { pwned } = await opened(pierced);
      assert.equal(pwned, undefined);
      const open = page.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");
      await Deno.writeTextFile(pierced, open.replace("<main>", `<main>${PAYLOADS.join("")}`));
      assert.equal(
        (await opened(pierced, "globalThis.pwned")).pwned,
        1,
        "without the policy it would have run",
      );
    });
  } finally {
    await browser.close();
  }
});
