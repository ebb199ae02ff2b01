/**
 * The published JSON Schema of `bundle.json`, made from the types of the manifest as `deno doc` reads them.
 *
 * Within a version members may be added; whoever removes one, gives it another type, or takes away that it
 * is always there, makes a new version.
 *
 * @module
 */

import { BUNDLE_SCHEMA_VERSION } from "../../kit/bundle/manifest.ts";
import { ROOT } from "./run.ts";

/** Where it is published, below the checkout. */
export const BUNDLE_SCHEMA = `docs/schemas/bundle@${BUNDLE_SCHEMA_VERSION}.json`;

/** A part of a JSON Schema. */
export type JsonSchema = { [member: string]: unknown };

// deno-lint-ignore no-explicit-any -- what deno doc prints has no types
type Doc = any;

/** The schema of the manifest. */
export async function bundleSchema(): Promise<JsonSchema> {
  const args = ["doc", "--json", "mod.ts"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const known = new Map<string, Doc>();
  for (const { symbols } of Object.values(nodes) as Doc[]) {
    for (const { name, declarations: [first] } of symbols) known.set(name, first);
  }
  const $defs: JsonSchema = {};
  const manifest = objectOf(known.get("Manifest").def, known, $defs);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `bundle@${BUNDLE_SCHEMA_VERSION}`,
    description: known.get("Manifest").jsDoc.doc.trim(),
    ...manifest,
    $defs: Object.fromEntries(Object.entries($defs).sort(([a], [b]) => a < b ? -1 : 1)),
  };
}

function objectOf(def: Doc, known: Map<string, Doc>, $defs: JsonSchema): JsonSchema {
  const inherited = (def.extends ?? []).map(({ value }: Doc) => known.get(value.typeName).def);
  const members = [...inherited, def].flatMap(({ properties }) => properties);
  return {
    type: "object",
    properties: Object.fromEntries(
      members.map(({ name, jsDoc, tsType }) => [name, {
        ...(jsDoc?.doc ? { description: jsDoc.doc.trim() } : {}),
        ...schemaOf(tsType, known, $defs),
      }]),
    ),
    required: members.filter(({ optional }) => !optional).map(({ name }) => name),
  };
}

function schemaOf(type: Doc, known: Map<string, Doc>, $defs: JsonSchema): JsonSchema {
  const again = (inner: Doc) => schemaOf(inner, known, $defs);
  const { kind, value } = type;
  if (kind === "keyword") return value === "unknown" ? {} : { type: value };
  if (kind === "literal") return { const: value[value.kind] };
  if (kind === "array") return { type: "array", items: again(value) };
  if (kind === "typeOperator") return again(value.tsType);
  if (kind === "typeQuery" && value === "BUNDLE_SCHEMA_VERSION") {
    return { const: BUNDLE_SCHEMA_VERSION };
  }
  if (kind === "typeLiteral") return objectOf(value, known, $defs);
  if (kind === "union") {
    const parts: JsonSchema[] = value.map(again);
    const words = parts.flatMap((part) => part["enum"] ?? ("const" in part ? [part["const"]] : []));
    return parts.every((part) => "const" in part || "enum" in part)
      ? { enum: words }
      : { anyOf: parts };
  }
  if (kind === "typeRef" && value.typeName === "Record") {
    return { type: "object", additionalProperties: again(value.typeParams[1]) };
  }
  const found = kind === "typeRef" ? known.get(value.typeName) : undefined;
  if (found?.kind === "typeAlias") return again(found.def.tsType);
  if (found?.kind === "interface") {
    $defs[value.typeName] ??= {
      description: found.jsDoc.doc.trim(),
      ...objectOf(found.def, known, $defs),
    };
    return { $ref: `#/$defs/${value.typeName}` };
  }
  throw new Error(`A manifest has a type that its schema has no word for: ${JSON.stringify(type)}`);
}

/** Why a schema may not take the place of the one that is published; nothing where it may. */
export function breakOfBundle(published: JsonSchema, fresh: JsonSchema): string | undefined {
  return broken(published, fresh, "bundle.json");
}

function broken(before: JsonSchema, now: JsonSchema, where: string): string | undefined {
  for (const part of ["type", "const", "$ref"]) {
    if (before[part] !== now[part]) return `${where} has another type; make a new version`;
  }
  for (const word of (before["enum"] ?? []) as unknown[]) {
    if (!(now["enum"] as unknown[] | undefined)?.includes(word)) {
      return `${where} can be "${word}" no more; make a new version`;
    }
  }
  for (const name of (before["required"] ?? []) as string[]) {
    if (!(now["required"] as string[]).includes(name)) {
      return `${where} need not have "${name}" any more; make a new version`;
    }
  }
  for (const part of ["properties", "$defs"]) {
    for (
      const [name, schema] of Object.entries((before[part] ?? {}) as Record<string, JsonSchema>)
    ) {
      const fresh = (now[part] as Record<string, JsonSchema> | undefined)?.[name];
      if (!fresh) return `${where} has no "${name}" any more; make a new version`;
      const found = broken(schema, fresh, `"${name}" of ${where}`);
      if (found) return found;
    }
  }
  for (const part of ["items", "additionalProperties"]) {
    const [one, other] = [before[part], now[part]] as (JsonSchema | undefined)[];
    const found = one && broken(one, other ?? {}, `an element of ${where}`);
    if (found) return found;
  }
  return undefined;
}
