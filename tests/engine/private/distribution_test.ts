import assert from "node:assert/strict";
import { completeDistribution } from "../../../kit/engine/private/distribution.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { inFolder } from "../../folders.ts";
import { emptyPython } from "./empty_python.ts";

Deno.test("a private vLLM is known by its name, and each of its processes asks for AMX as a plugin", async () => {
  await inFolder(async (dir) => {
    const packages = await emptyPython(dir);
    await Deno.mkdir(`${packages}/vllm`);
    await Deno.writeTextFile(`${packages}/vllm/__init__.py`, "");
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    try {
      await completeDistribution(context, `${dir}/bin/python`, "1.2.3");
    } finally {
      await close();
    }
    // As vLLM does it: each entry point of the group is loaded, and called.
    const program = "from importlib.metadata import entry_points, version\n" +
      "print(version('vllm'))\n" +
      "for point in entry_points(group='vllm.general_plugins'): print(point.name, point.load()())";
    const { code, stdout } = await new Deno.Command(`${dir}/bin/python`, {
      args: ["-c", program],
    }).output();
    assert.equal(code, 0);
    assert.equal(
      new TextDecoder().decode(stdout),
      "1.2.3+cpu\nvscope_amx_permission None\n",
    );
  });
});
