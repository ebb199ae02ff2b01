/** Published schemas are those of the tables, and of the bundles that were recorded. */

import assert from "node:assert/strict";
import { breakOf, schemaFiles, type TableSchema } from "./dev/schemas.ts";
import { ROOT } from "./dev/run.ts";

Deno.test("every table has its published schema", async () => {
  for (const [path, schema] of Object.entries(schemaFiles())) {
    const published = JSON.parse(await Deno.readTextFile(`${ROOT}/${path}`));
    assert.deepEqual(published, schema, `${path}: run ./dev docs`);
  }
});

Deno.test("the tables of recorded sessions begin with the columns of their schema's layout", async () => {
  let compared = 0;
  for (const { path, fields } of Object.values(schemaFiles())) {
    for (const session of ["session", "moe"]) {
      const text = await Deno.readTextFile(`${ROOT}/perf/examples/${session}/${path}`)
        .catch(() => undefined);
      if (text === undefined) continue;
      const header = text.split("\n")[0]!.split(",");
      assert.deepEqual(header, fields.slice(0, header.length).map(({ name }) => name), path);
      compared++;
    }
  }
  assert.ok(compared >= 20);
});

Deno.test("a change that breaks readers is refused, and a column at the end is none", () => {
  const schema = (...fields: [string, string, string?][]): TableSchema => ({
    $schema: "",
    name: "t@1",
    path: "t.csv",
    description: "",
    missingValues: [],
    fields: fields.map(([name, type, unit]) => ({ name, type, ...(unit ? { unit } : {}) })),
  });
  const published = schema(["a", "integer"], ["b_ms", "number", "ms"]);
  assert.equal(breakOf(published, published), undefined);
  const longer = schema(["a", "integer"], ["b_ms", "number", "ms"], ["c", "string"]);
  assert.equal(breakOf(published, longer), undefined);
  assert.match(breakOf(published, schema(["a", "integer"]))!, /column 2 is "b_ms"/);
  assert.match(breakOf(published, schema(["b_ms", "number", "ms"], ["a", "integer"]))!, /column 1/);
  assert.match(
    breakOf(published, schema(["a", "number"], ["b_ms", "number", "ms"]))!,
    /"a" is integer in no unit and would become number/,
  );
  assert.match(breakOf(published, schema(["a", "integer"], ["b_ms", "number", "s"]))!, /in ms/);
});
