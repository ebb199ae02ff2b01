/**
 * HolisticTraceAnalysis in an environment of its own.
 *
 * @module
 */

/** The release that vscope is measured against. */
const RELEASE = "HolisticTraceAnalysis==0.5.0";

/** Makes the environment in the user's cache where there is none; returns its Python. */
export async function hta(): Promise<string> {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const dir = `${cache}/vscope/bench-hta`;
  const python = `${dir}/bin/python`;
  const made = await run(python, ["-c", "import hta.trace_analysis"]).catch(() => false);
  if (made) return python;
  if (!await run("python3", ["-m", "venv", dir])) throw new Error(`Cannot make ${dir}`);
  if (!await run(python, ["-m", "pip", "install", "--quiet", RELEASE])) {
    throw new Error(`Cannot install ${RELEASE} from PyPI`);
  }
  return python;
}

async function run(program: string, args: string[]): Promise<boolean> {
  return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output())
    .success;
}
