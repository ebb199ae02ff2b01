/**
 * `./dev versions [VERSION…]`: which of our hooks fit which vLLM, into docs/versions.md.
 *
 * Looks for the hooks' methods in unpacked wheels (tests/versions/probe.py); no vLLM is run. With
 * versions given it prints the page for those instead of writing it.
 *
 * `./dev versions --run [VERSION…]` first runs the hooks in real CPU builds of vLLM
 * (tests/long/versions_test.ts), all or those given, and keeps what came of them in
 * tests/versions/ran.json: some minutes and 5.5 GB of the cache for each.
 *
 * @module
 */

import { isThere } from "../../kit/contract/is_there.ts";
import { cacheFolder } from "../../kit/engine/private/cache.ts";
import { ROOT, say } from "./run.ts";
import { ENGINE_VERSIONS } from "../versions/engines.ts";
import { RAN_FILE, readRan } from "../versions/ran.ts";
import { type Probed, versionsPage } from "./versions_page.ts";

const PACKAGE = "vllm";
// 0.11.0 is older than what the hooks were written for: it shows where they begin to fit.
const VERSIONS = [
  "0.11.0",
  "0.17.0",
  "0.19.0",
  "0.21.0",
  "0.23.0",
  "0.26.0",
  "0.29.0",
  "0.32.0",
  "0.33.0",
];

const PLATFORMS = [
  "manylinux_2_35_x86_64",
  "manylinux_2_31_x86_64",
  "manylinux_2_28_x86_64",
  "manylinux_2_24_x86_64",
  "manylinux2014_x86_64",
  "manylinux1_x86_64",
];

/** Fetches the wheels that are missing, probes them and writes the page. Returns the exit code. */
export async function versions(args: string[]): Promise<number> {
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--run");
  if (unknown !== undefined) {
    await say(`Cannot read "${unknown}": ./dev versions takes --run and versions`);
    return 2;
  }
  const real = args.includes("--run");
  const named = args.filter((arg) => arg !== "--run");
  if (real) {
    const code = await runEngines(named);
    if (code !== 0) return code;
  }
  const asked = real ? [] : named;
  const folders: string[] = [];
  for (const version of asked.length > 0 ? asked : VERSIONS) {
    const folder = await unpacked(version);
    if (folder === undefined) return 1;
    folders.push(folder);
  }
  const probed = await probe(folders);
  if (probed === undefined) return 1;
  const page = versionsPage(probed, await readRan(), new Date().toISOString().slice(0, 10));
  if (asked.length > 0) {
    await say(page);
  } else {
    await Deno.writeTextFile(`${ROOT}/docs/versions.md`, page);
    await say("docs/versions.md written");
  }
  return 0;
}

/** Runs the hooks in engines of those versions, all where none is named. Returns the exit code. */
async function runEngines(named: readonly string[]): Promise<number> {
  const unknown = named.find((version) => !ENGINE_VERSIONS.includes(version));
  if (unknown !== undefined) {
    await say(`Cannot run vLLM ${unknown}: the engines are ${ENGINE_VERSIONS.join(", ")}`);
    return 2;
  }
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", `${ROOT}/tests/long/versions_test.ts`],
    env: { VSCOPE_VERSIONS: named.join(" "), VSCOPE_VERSIONS_RECORD: RAN_FILE },
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return code;
}

/** The folder with a version's Python, fetched if it is not in the cache; undefined on failure. */
async function unpacked(version: string): Promise<string | undefined> {
  const wheels = `${cacheFolder(Deno.env.toObject())}/wheels`;
  const folder = `${wheels}/${PACKAGE}-${version}`;
  if (await isThere(Deno, folder)) return folder;
  await say(`Fetching ${PACKAGE} ${version}, some hundred MB`);
  await Deno.mkdir(wheels, { recursive: true });
  // Renamed when complete: a folder that was cut short must not pass for a version.
  const part = await Deno.makeTempDir({ dir: wheels, prefix: "part-" });
  try {
    if (!await fetchWheel(version, part)) return undefined;
    for await (const { name } of Deno.readDir(part)) {
      const script = `${ROOT}/tests/versions/unpack.py`;
      if (!await python([script, `${part}/${name}`, `${part}/tree`])) return undefined;
    }
    await Deno.rename(`${part}/tree`, folder);
    return folder;
  } finally {
    await Deno.remove(part, { recursive: true });
  }
}

async function fetchWheel(version: string, into: string): Promise<boolean> {
  const platforms = PLATFORMS.flatMap((platform) => ["--platform", platform]);
  return await python([
    ...["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"],
    // pip's cache would keep the whole wheel.
    ...["--no-cache-dir", "--disable-pip-version-check", "--python-version", "3.12"],
    ...platforms,
    ...["--dest", into, `${PACKAGE}==${version}`],
  ]);
}

async function python(args: string[]): Promise<boolean> {
  return (await new Deno.Command("python3", { args }).spawn().status).success;
}

/** What tests/versions/probe.py finds in the folders; undefined where it fails, which it tells. */
export async function probe(
  folders: string[],
  hooks = `${ROOT}/hooks`,
): Promise<Probed[] | undefined> {
  const output = await new Deno.Command("python3", {
    args: ["-B", `${ROOT}/tests/versions/probe.py`, hooks, ...folders],
    stderr: "inherit",
  }).output();
  return output.success ? JSON.parse(new TextDecoder().decode(output.stdout)) : undefined;
}
