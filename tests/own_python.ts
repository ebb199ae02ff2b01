/** The Python of this machine, by its path: a python3 of the tests may stand ahead of it on PATH. */
export async function ownPython(): Promise<string> {
  const { stdout } = await new Deno.Command("python3", {
    args: ["-c", "import sys; print(sys.executable)"],
  }).output();
  return new TextDecoder().decode(stdout).trim();
}
