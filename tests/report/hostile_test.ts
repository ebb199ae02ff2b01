/** What is left of hostile texts once their report is parsed: text. */

import assert from "node:assert/strict";
import { loadDom } from "../../kit/deps.ts";
import { generateReport } from "../../kit/report/generate.ts";
import { inFolder } from "../folders.ts";
import { example } from "../tools/export/sessions.ts";
import { CAPTURES, poison } from "./hostile.ts";

/** What a parsed page consists of: elements by name, and attributes that could run something. */
async function parsed(page: string) {
  const { parseHTML } = await loadDom();
  // deno-lint-ignore no-explicit-any -- Deno's types have no document
  const { document } = parseHTML(page) as any;
  const names = new Map<string, number>();
  const active: string[] = [];
  for (const element of document.querySelectorAll("*")) {
    const name = element.tagName.toLowerCase();
    names.set(name, (names.get(name) ?? 0) + 1);
    for (const { name, value } of [...element.attributes] as { name: string; value: string }[]) {
      // A title is shown, whatever it says.
      const runs = /^on/i.test(name) || (name !== "title" && /^\s*javascript:/i.test(value));
      if (runs || ["src", "srcdoc"].includes(name)) active.push(`${name}=${value}`);
    }
  }
  return { names, active, text: document.body.textContent as string };
}

/** No element of a hostile text is in a page, and the text is. */
async function holdsNoMarkup(path: string): Promise<void> {
  const { names, active, text } = await parsed(await Deno.readTextFile(path));
  assert.deepEqual(active, []);
  // Two scripts of ours and the data of the charts.
  assert.equal(names.get("script"), 3);
  for (const foreign of ["img", "iframe", "object", "embed", "link", "base", "form"]) {
    assert.equal(names.get(foreign), undefined, foreign);
  }
  assert.ok(text.includes("globalThis.pwned"), "the page shows the texts");
}

for (const name of ["session", "moe"] as const) {
  Deno.test(`the report of a ${name} bundle whose every text is markup has no element of it`, async () => {
    await inFolder(async (dir) => {
      await poison(example(name), `${dir}/hostile`);
      await holdsNoMarkup((await generateReport(Deno, `${dir}/hostile`)).path);
    });
  });
}

for (const [name, write] of Object.entries(CAPTURES)) {
  Deno.test(`the report of a recording of ${name} whose every name is markup has no element of it`, async () => {
    await inFolder(async (dir) => {
      await write(dir);
      await holdsNoMarkup((await generateReport(Deno, dir)).path);
    });
  });
}
