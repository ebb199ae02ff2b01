import assert from "node:assert/strict";
import type { FileSystem } from "../../kit/contract/context.ts";
import { UsageError } from "../../kit/contract/errors.ts";
import { requireProcesses } from "../../kit/contract/permissions.ts";

Deno.test("a recipe that starts something is refused on Windows, and where /proc is kept from us", async () => {
  const nothing: Pick<FileSystem, "readDir"> = {
    readDir() {
      throw new Deno.errors.NotCapable("Requires all access, run again");
    },
  };
  const files = nothing as FileSystem;
  await assert.rejects(requireProcesses("monitor", files, "windows"), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(
      error.message,
      /^Cannot run monitor on Windows: .*; record there, and use the tools/,
    );
    return true;
  });
  await assert.rejects(requireProcesses("monitor", files, "linux"), Deno.errors.NotCapable);
  await requireProcesses("monitor", files, "darwin");
});
