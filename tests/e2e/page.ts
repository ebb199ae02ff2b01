/** A report in a real browser. */

import assert from "node:assert/strict";
import { loadChromium } from "../deps.ts";

/** How long a browser may take for what comes at once on a machine that is not busy. */
export const PATIENCE_MS = 180_000;

/** Opens a page light, dark and narrow: no error, no request, nothing wider than the window. */
export async function opensInChromium(
  path: string,
  heading: RegExp,
  ready?: string,
): Promise<void> {
  const browser = await startChromium();
  try {
    for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["light", 400]] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
      page.setDefaultTimeout(PATIENCE_MS);
      const errors: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("request", (request) => {
        if (!request.url().startsWith("file:")) errors.push(request.url());
      });
      await page.goto(`file://${path}`);
      if (ready) await page.waitForSelector(ready);
      const overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      assert.deepEqual([errors, overflow], [[], 0], `${colorScheme} ${width}`);
      assert.match(await page.innerText("h1"), heading);
      await page.close();
    }
  } finally {
    await browser.close();
  }
}

/** Starts Chromium, without a window. */
export async function startChromium() {
  return await (await loadChromium()).launch({
    executablePath: await chromiumPath(),
    args: ["--no-sandbox"],
    timeout: PATIENCE_MS,
  });
}

async function chromiumPath(): Promise<string> {
  for (const path of ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]) {
    if (await Deno.stat(path).catch(() => undefined)) return path;
  }
  throw new Error(
    "No Chromium is installed: ./dev test installs it as root, or install it yourself",
  );
}
