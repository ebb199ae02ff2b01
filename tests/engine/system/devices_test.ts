import assert from "node:assert/strict";
import { listDevices } from "../../../kit/engine/system/devices.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { inFolder } from "../../folders.ts";

/** Lists with a program in the place of nvidia-smi. */
async function listed(script: string) {
  return await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/nvidia-smi`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const { processes } = context;
    try {
      return await listDevices({
        ...context,
        env: { PATH: dir },
        processes: {
          start: (spec) => processes.start(spec),
          capture: ([name, ...rest], options) =>
            processes.capture([`${dir}/${name}`, ...rest], options),
        },
      });
    } finally {
      await close();
    }
  });
}

Deno.test("a GPU is told with its driver and the clocks that it is set to, and no clock that it has not", async () => {
  const { devices, driver } = await listed(
    "echo 'NVIDIA H200, 143771, 580.65.06, 1980, 3201, [N/A], 700.00'",
  );
  assert.equal(driver, "580.65.06");
  assert.deepEqual(devices[0], {
    kind: "gpu",
    name: "NVIDIA H200",
    memory_bytes: 143771 * 2 ** 20,
    clocks: { max_sm_mhz: 1980, max_memory_mhz: 3201, power_limit_w: 700 },
  });
  assert.equal(devices[1]!.kind, "cpu");
});

Deno.test("a driver that does not know a clock still lists its GPUs", async () => {
  const { devices, driver } = await listed(
    "case \"$1\" in *clocks*) echo 'Field is not a valid field'; exit 2;; esac\n" +
      "echo 'Tesla T4, 15360, 470.1'",
  );
  assert.deepEqual(devices[0], {
    kind: "gpu",
    name: "Tesla T4",
    memory_bytes: 15360 * 2 ** 20,
  });
  assert.equal(driver, "470.1");
});
