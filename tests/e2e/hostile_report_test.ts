/** Bundles that somebody made to script the page: every text in them is markup. */

import assert from "node:assert/strict";
import { generateReport } from "../../kit/report/generate.ts";
import { chromium } from "../deps.ts";
import { ROOT } from "../dev/run.ts";
import { inFolder } from "../folders.ts";
import { chromiumPath } from "./page.ts";

/** Ways out of a text, an attribute, a script and a style; each would set `pwned`. */
const PAYLOADS = [
  `</script><script>globalThis.pwned=1</script>`,
  `"><img src=x onerror="globalThis.pwned=1">`,
  `'><svg onload=globalThis.pwned=1>`,
  `</style><script>globalThis.pwned=1</script>`,
  `javascript:globalThis.pwned=1`,
  "${globalThis.pwned=1}`",
];

/** Words by which the reader knows what it reads; they are not for showing. */
const STRUCTURE =
  /^(schema|status|recipe|kind|path|event|role|severity|phase|category|started_at|ended_at|start_time|name)$/;

let turn = 0;
const hostile = (text: string) => `${text}${PAYLOADS[turn++ % PAYLOADS.length]}`;

function poisoned(value: unknown, key = ""): unknown {
  if (typeof value === "string") return STRUCTURE.test(key) ? value : hostile(value);
  if (Array.isArray(value)) return value.map((one) => poisoned(one, key));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, poisoned(one, name)]);
  return Object.fromEntries(entries);
}

/** A table whose words have become markup; numbers, headers and what a row is known by stay. */
function poisonedCsv(text: string): string {
  const [header = "", ...lines] = text.split("\n");
  const names = header.split(",");
  const rows = lines.map((line) =>
    line.split(",").map((cell, place) =>
      cell === "" || !Number.isNaN(Number(cell)) || line.includes('"') ||
        STRUCTURE.test(names[place] ?? "")
        ? cell
        : `"${hostile(cell).replaceAll('"', '""')}"`
    ).join(",")
  );
  return [header, ...rows].join("\n");
}

/** Copies a bundle, with every text in it poisoned. */
async function poison(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isDirectory) await poison(source, target);
    else if (name.endsWith(".json")) {
      const document = JSON.parse(await Deno.readTextFile(source));
      await Deno.writeTextFile(target, JSON.stringify(poisoned(document)));
    } else if (name.endsWith(".csv")) {
      await Deno.writeTextFile(target, poisonedCsv(await Deno.readTextFile(source)));
    } else if (name !== "report.html") {
      await Deno.copyFile(source, target);
    }
  }
}

Deno.test("a hostile bundle cannot script its report, and the browser would not let it", async () => {
  const browser = await chromium.launch({
    executablePath: await chromiumPath(),
    args: ["--no-sandbox"],
  });
  try {
    await inFolder(async (parent) => {
      /** Opens a page; what it ran or asked for. */
      const opened = async (path: string) => {
        const page = await browser.newPage();
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
        await page.waitForTimeout(300);
        const state = await page.evaluate(
          "({ pwned: globalThis.pwned, text: document.body.innerText.includes('pwned'), " +
            "charts: document.querySelectorAll('canvas, svg').length })",
        ) as { pwned?: number; text: boolean; charts: number };
        await page.close();
        return { ...state, seen };
      };
      let written = "";
      for (const name of ["session", "moe", "quick", "full", "quick/nsys"]) {
        const source = `${ROOT}/perf/examples/${name}`;
        if (!await Deno.stat(`${source}/bundle.json`).catch(() => undefined)) continue;
        const dir = `${parent}/${name.replace("/", "-")}`;
        await poison(source, dir);
        const { path } = await generateReport(Deno, dir);
        const { pwned, text, charts, seen } = await opened(path);
        assert.deepEqual([pwned, seen], [undefined, []], name);
        assert.ok(text && charts > 0, `${name}: the page shows the texts and its charts`);
        written = path;
      }
      // Should a text ever become markup, the page's own policy stands in the way.
      const page = await Deno.readTextFile(written);
      const pierced = `${parent}/pierced.html`;
      await Deno.writeTextFile(pierced, page.replace("<main>", `<main>${PAYLOADS.join("")}`));
      const { pwned } = await opened(pierced);
      assert.equal(pwned, undefined);
      const open = page.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");
      await Deno.writeTextFile(pierced, open.replace("<main>", `<main>${PAYLOADS.join("")}`));
      assert.equal((await opened(pierced)).pwned, 1, "without the policy it would have run");
    });
  } finally {
    await browser.close();
  }
});
