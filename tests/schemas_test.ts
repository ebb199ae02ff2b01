/** Published schemas are those of the tables, and of the bundles that were recorded. */

import assert from "node:assert/strict";
import {
  breakOfBundle,
  BUNDLE_SCHEMA,
  bundleSchema,
  type JsonSchema,
} from "./dev/bundle_schema.ts";
import { schemaFiles } from "./dev/schemas.ts";
import { sweepSchemaFiles } from "./dev/sweep_schemas.ts";
import { breakOf, type TableSchema } from "./dev/table_schema.ts";
import { loadJsonSchema } from "./deps.ts";
import { ROOT } from "./dev/run.ts";

Deno.test("every table has its published schema", async () => {
  for (const [path, schema] of Object.entries({ ...schemaFiles(), ...sweepSchemaFiles() })) {
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

Deno.test("the tables of a recorded sweep have the columns of their schemas", async () => {
  const dir = `${ROOT}/perf/H200/Qwen/Qwen3-0.6B/bf16`;
  for (const { path, fields, name } of Object.values(sweepSchemaFiles())) {
    if (name === "moe@1") continue; // the model has no experts
    const text = await Deno.readTextFile(`${dir}/${path.replace("<N>", "1")}`);
    assert.equal(text.split("\n")[0], fields.map(({ name }) => name).join(), path);
  }
});

Deno.test("bundle.json has its published schema, which recorded bundles are valid by", async () => {
  const published = JSON.parse(await Deno.readTextFile(`${ROOT}/${BUNDLE_SCHEMA}`));
  assert.deepEqual(published, await bundleSchema(), `${BUNDLE_SCHEMA}: run ./dev docs`);
  const { Ajv2020 } = await loadJsonSchema();
  const valid = new Ajv2020({ allErrors: true }).compile(published);
  const sweep = "H200/Qwen/Qwen3-0.6B/bf16";
  const bundles = ["examples/session", "examples/moe", sweep, `${sweep}/steps-eager`];
  for (const name of bundles) {
    const text = await Deno.readTextFile(`${ROOT}/perf/${name}/bundle.json`);
    const manifest: JsonSchema = JSON.parse(text);
    assert.ok(valid(manifest), `${name}: ${JSON.stringify(valid.errors)}`);
    assert.ok(!valid({ ...manifest, status: "fine" }));
    assert.ok(!valid({ ...manifest, schema_version: 2 }));
    const { processes: _, ...less } = manifest;
    assert.ok(!valid(less));
  }
});

Deno.test("a manifest may get members, and lose none", async () => {
  const schema = await bundleSchema();
  const changed = (change: (copy: Record<string, JsonSchema>) => void) => {
    const copy = structuredClone(schema) as Record<string, JsonSchema>;
    change(copy);
    return breakOfBundle(schema, copy as JsonSchema);
  };
  assert.equal(changed(({ properties }) => properties!["more"] = { type: "string" }), undefined);
  assert.match(changed(({ properties }) => delete properties!["notes"])!, /no "notes" any more/);
  assert.match(
    changed(({ properties }) => properties!["recipe"] = { type: "number" })!,
    /"recipe" of bundle\.json has another type/,
  );
  assert.match(
    changed(({ properties }) => properties!["status"] = { enum: ["complete", "partial"] })!,
    /can be "failed" no more/,
  );
  assert.match(
    changed(({ $defs }) => delete ($defs!["HookRecord"] as JsonSchema)["properties"])!,
    /"HookRecord" of bundle\.json has no "name" any more/,
  );
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
