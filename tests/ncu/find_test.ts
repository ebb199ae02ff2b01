import assert from "node:assert/strict";
import { installedNcu } from "../../kit/engine/ncu/find_ncu.ts";
import { installedNsys } from "../../kit/engine/nsys/find_nsys.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { inFolder } from "../folders.ts";

Deno.test("an ncu outside PATH is found: by its own version, the newest first, then those of toolkits", async () => {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  await inFolder(async (root) => {
    const put = async (path: string, mode = 0o755) => {
      await Deno.mkdir(`${root}${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${root}${path}`, "", { mode });
    };
    await put("/opt/nvidia/nsight-compute/2025.3.1/ncu");
    await put("/opt/nvidia/nsight-compute/2024.10.0/ncu");
    await put("/opt/nvidia/nsight-compute/2026.1.0/ncu", 0o644);
    await put("/opt/nvidia/nsight-compute/2025.3.1/host/target-linux-x64/nsys");
    await put("/usr/local/cuda-12.8/bin/ncu");
    await put("/usr/local/cuda-13.0/bin/ncu");
    assert.deepEqual((await installedNcu(context, root)).map((path) => path.slice(root.length)), [
      "/opt/nvidia/nsight-compute/2025.3.1/ncu",
      "/opt/nvidia/nsight-compute/2024.10.0/ncu",
      "/usr/local/cuda-13.0/bin/ncu",
      "/usr/local/cuda-12.8/bin/ncu",
    ]);
    assert.equal((await installedNsys(context, root)).length, 1);
    assert.deepEqual(await installedNcu(context, `${root}/nowhere`), []);
  });
  await close();
});
