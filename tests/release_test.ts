/** What a release says of the packages of others. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ROOT } from "./dev/run.ts";
import { billOfMaterials, notices, packages } from "./dev/third_party.ts";

interface Component {
  type: string;
  name: string;
  "bom-ref": string;
  hashes: { content: string }[];
}

Deno.test("the bill of materials has every package that is loaded, with its locked checksum, and none of the tests'", async () => {
  const list = await packages();
  const lock = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.lock`));
  const loaded = [...(await Deno.readTextFile(`${ROOT}/kit/deps.ts`)).matchAll(
    /\bnpm:(.+?)@(\d[\d.]*)/g,
  )].map(([, name, version]) => `${name} ${version}`);
  const named = list.map(({ name, version }) => `${name} ${version}`);
  for (const one of loaded) assert.ok(named.includes(one), one);
  for (const { name } of list) {
    assert.ok(!/^(fast-check|playwright-core)$/.test(name), name);
  }
  const sums: string[] = Object.values(lock.npm as Record<string, { integrity: string }>).map((
    { integrity },
  ) => atob(integrity.replace("sha512-", "")));
  for (const { name, sha512 } of list) {
    const bytes = String.fromCharCode(...sha512.match(/../g)!.map((pair) => parseInt(pair, 16)));
    assert.ok(sums.includes(bytes), name);
  }
  const { components } = billOfMaterials(list) as { components: Component[] };
  const of = (kind: string) => components.filter(({ type }) => type === kind);
  assert.deepEqual([of("library").length, of("platform").length], [list.length, 1]);
  assert.equal(new Set(components.map((one) => one["bom-ref"])).size, components.length);
});

Deno.test("the bill of materials has every file that is embedded as text, with its checksum", async () => {
  const { components } = billOfMaterials([]) as { components: Component[] };
  const files = components.filter(({ type }) => type === "file");
  for (const { name, hashes: [hash] } of files) {
    const bytes = await Deno.readFile(`${ROOT}/${name}`);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), hash!.content, name);
  }
  const named = new Set(files.map(({ name }) => name));
  for (const path of ["hooks/vscope_hooks/plugin.py", "configs/kernels.yaml"]) {
    assert.ok(named.has(path), path);
  }
});

Deno.test("every package has a licence that lets it be passed on, and its notice", async () => {
  const list = await packages();
  const text = notices(list);
  for (const { name, version, license } of list) {
    assert.match(
      license,
      /^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0|Unlicense|Python-2\.0|0BSD)$/,
      name,
    );
    assert.ok(text.includes(`${name} ${version}\nLicence: ${license}\n`), name);
  }
});
