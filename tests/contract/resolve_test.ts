import assert from "node:assert/strict";
import { readConfig } from "../../kit/contract/config.ts";
import * as kinds from "../../kit/contract/options.ts";
import { resolve } from "../../kit/contract/resolve.ts";
import { configTemplate } from "../../kit/contract/template.ts";
import { recipes } from "../../recipes/registry.ts";
import { inFolder } from "../folders.ts";

const options = {
  count: kinds.integer({ doc: "d", env: "COUNT", default: 1, max: 9 }),
  loud: kinds.boolean({ doc: "d", env: "LOUD", default: true }),
  token: kinds.text({ doc: "d", env: "TOKEN", secret: true }),
};
const file = { path: "vscope.yaml", values: { count: 4 } };

Deno.test("resolve() takes the flag over the environment over the file over the default", () => {
  const flags = { count: { text: "2", from: "--count" } };
  const env = { COUNT: "3" };
  const got = [{ flags, env, file }, { env, file }, { file }, {}].map((given) =>
    resolve("r", options, given).contract["count"]
  );
  assert.deepEqual(got, [
    { value: 2, source: "flag", from: "--count" },
    { value: 3, source: "environment", from: "COUNT" },
    { value: 4, source: "config", from: "vscope.yaml" },
    { value: 1, source: "default" },
  ]);
});

Deno.test("0, false and nothing switch off in the environment", () => {
  for (const LOUD of ["0", "false", ""]) {
    assert.equal(resolve("r", options, { env: { LOUD } }).values.loud, false);
  }
});

Deno.test("a secret is given to the recipe and shown as set", () => {
  const { values, contract } = resolve("r", options, { env: { TOKEN: "hf_secret" } });
  assert.equal(values.token, "hf_secret");
  assert.equal(contract["token"]?.value, "set");
});

Deno.test("a value out of bounds is refused with where it stands", () => {
  assert.throws(() => resolve("r", options, { env: { COUNT: "10" } }), {
    name: "UsageError",
    message: 'Cannot run r: environment variable COUNT is "10"; give a whole number of at most 9',
  });
});

Deno.test("a template of every recipe reads back as its defaults", async () => {
  for (const entry of recipes) {
    const recipe = (await entry.load()).default;
    await inFolder(async (dir) => {
      await Deno.writeTextFile(`${dir}/vscope.yaml`, configTemplate(recipe.name, recipe.options));
      const read = await readConfig(Deno, dir, recipe.name, recipe.options);
      assert.deepEqual(
        resolve(recipe.name, recipe.options, { file: read }).values,
        resolve(recipe.name, recipe.options, {}).values,
      );
      const withDefault = Object.values(recipe.options).filter((option) =>
        !option.secret && option.default !== undefined
      );
      assert.ok(withDefault.length > 0);
      assert.equal(Object.keys(read?.values ?? {}).length, withDefault.length);
    });
  }
});

Deno.test("readConfig() refuses an unknown option, and a file that is no mapping", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/v.yaml`;
    const read = async (text: string) => {
      await Deno.writeTextFile(path, text);
      return await readConfig(Deno, dir, "r", options, path);
    };
    await assert.rejects(
      read("r:\n  cuont: 3\n"),
      /unknown option "cuont"; did you mean "count"\?/,
    );
    await assert.rejects(read("- 1\n"), /it is no mapping of commands to options/);
    await assert.rejects(read("r: [\n"), /it is no YAML/);
    assert.deepEqual((await read("other: 1\n"))?.values, {});
    await assert.rejects(
      readConfig(Deno, dir, "r", options, `${dir}/none`),
      /Cannot read the configuration/,
    );
  });
});
