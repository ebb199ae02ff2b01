/**
 * The packages of others that the single file holds: a bill of materials, and their licences.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { HOOK_FILES } from "../../hooks/embedded.ts";
import { TEXT_CHECKSUMS } from "../../kit/contract/text_checksums.ts";
import { VERSION } from "../../kit/contract/version.ts";
import { RUNNER_FILES } from "../../kit/engine/python/runner_files.ts";
import { ROOT } from "./run.ts";

/** A package that is part of vscope. */
export interface Package {
  name: string;
  version: string;
  /** SHA-512 of its archive, hexadecimal. */
  sha512: string;
  /** As its package.json says it. */
  license: string;
  /** The text of its licence; absent where the package brings none. */
  text?: string;
}

interface Lock {
  npm: Record<
    string,
    { integrity: string; dependencies?: string[]; optionalDependencies?: string[] }
  >;
}

/** Every package that kit/deps.ts names, and those that they need; tests have others. */
export async function packages(): Promise<Package[]> {
  const lock: Lock = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.lock`));
  const keys = Object.keys(lock.npm);
  // A need is named with its version only where there are several.
  const keyOf = (need: string) =>
    keys.find((key) => key === need || key.startsWith(`${need}_`)) ??
      keys.find((key) => key.slice(0, key.indexOf("@", 1)) === need);
  const named = [...(await Deno.readTextFile(`${ROOT}/kit/deps.ts`)).matchAll(
    /\bnpm:((?:@[\w-]+\/)?[\w-]+@[\d.]+)/g,
  )].map(([, name]) => name!);
  const found = new Set<string>();
  for (const waiting = [...named]; waiting.length > 0;) {
    const need = waiting.pop()!;
    const key = keyOf(need);
    if (!key) throw new Error(`deno.lock does not have ${need}`);
    if (found.has(key)) continue;
    found.add(key);
    const { dependencies = [], optionalDependencies = [] } = lock.npm[key]!;
    waiting.push(...dependencies, ...optionalDependencies);
  }
  const cache = await npmCache();
  return await Promise.all([...found].sort().map((key) => describe(cache, lock, key)));
}

async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return `${JSON.parse(new TextDecoder().decode(stdout)).npmCache}/registry.npmjs.org`;
}

async function describe(cache: string, lock: Lock, key: string): Promise<Package> {
  const [, name = "", version = ""] = /^(.+?)@([^_@]+)/.exec(key.replace(/^@/, "\0")) ?? [];
  const real = name.replace("\0", "@");
  const folder = `${cache}/${real}/${version}`;
  const { license } = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  const names = (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name).sort();
  const file = names.find((entry) => /^(licen[cs]e|copying)(\.\w+)?$/i.test(entry));
  const sha512 = lock.npm[key]!.integrity.replace("sha512-", "");
  return {
    name: real,
    version,
    sha512: Buffer.from(sha512, "base64").toString("hex"),
    license: String(license ?? "unknown"),
    ...(file ? { text: await Deno.readTextFile(`${folder}/${file}`) } : {}),
  };
}

/** Names and licences, for people; it lies in the single file. */
export function notices(list: readonly Package[]): string {
  const parts = list.map(({ name, version, license, text }) =>
    `${name} ${version}\nLicence: ${license}\n\n${text?.trim() ?? "(the package brings no text)"}\n`
  );
  return [
    `vscope ${VERSION} holds Deno ${Deno.version.deno} (MIT, https://deno.com) and these packages:\n`,
    ...parts,
  ].join(`\n${"-".repeat(72)}\n\n`);
}

/** What is embedded besides packages, by its path in the checkout, with its SHA-256. */
function embeddedParts(): [string, string][] {
  return [
    ...HOOK_FILES.map(({ path, sha256 }): [string, string] => [`hooks/${path}`, sha256]),
    ...RUNNER_FILES.map(({ path, sha256 }): [string, string] => [`kit/engine/${path}`, sha256]),
    ...Object.entries(TEXT_CHECKSUMS),
  ];
}

/** A bill of materials, CycloneDX 1.6: Deno, the packages, and each file that is embedded as text. */
export function billOfMaterials(list: readonly Package[]): object {
  const purl = (name: string, version: string) => `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: { type: "application", name: "vscope", version: VERSION, "bom-ref": "vscope" },
    },
    components: [
      { type: "platform", name: "deno", version: Deno.version.deno, "bom-ref": "deno" },
      ...list.map(({ name, version, sha512, license }) => ({
        type: "library",
        name,
        version,
        "bom-ref": purl(name, version),
        purl: purl(name, version),
        hashes: [{ alg: "SHA-512", content: sha512 }],
        licenses: [{ license: { name: license } }],
      })),
      ...embeddedParts().map(([name, sha256]) => ({
        type: "file",
        name,
        "bom-ref": name,
        hashes: [{ alg: "SHA-256", content: sha256 }],
      })),
    ],
  };
}
