import assert from "node:assert/strict";
import { namesIn } from "../../folders.ts";

/** Makes an environment of Python without any package; gives the folder where packages go. */
export async function emptyPython(dir: string): Promise<string> {
  const { code } = await new Deno.Command("python3", {
    args: ["-m", "venv", "--without-pip", dir],
  }).output();
  assert.equal(code, 0);
  const [version = ""] = await namesIn(`${dir}/lib`);
  return `${dir}/lib/${version}/site-packages`;
}
