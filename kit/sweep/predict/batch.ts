/**
 * A batch whose time is asked for: the requests of one forward pass.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";

/** Requests that are alike. */
export interface Requests {
  /** New tokens of each: more than one is a chunk of a prompt, one is a decode. */
  readonly tokens: number;
  /** Tokens of each that the KV cache has already. */
  readonly history: number;
  readonly count: number;
}

/** A batch. */
export interface Batch {
  /** What the asker calls it; given back as it is. */
  readonly id?: string | number;
  readonly prefills: readonly Requests[];
  readonly decodes: readonly Requests[];
  /** Experts that the tokens use between them, of one block; estimated where it is absent. */
  readonly activatedExperts?: number;
  /** Tokens that dense layers work on, where a CUDA graph was captured for more than the batch has. */
  readonly paddedTokens?: number;
}

/** Most tokens or requests: far beyond any engine, and sums of them are exact. */
const MOST = 1e9;

/** New tokens of all requests. */
export function tokensOf({ prefills, decodes }: Batch): number {
  return sum([...prefills, ...decodes], ({ tokens, count }) => tokens * count);
}

/** Requests of a batch. */
export function requestsOf({ prefills, decodes }: Batch): number {
  return sum([...prefills, ...decodes], ({ count }) => count);
}

/** Decodes of a batch, as the tables of attention know them. */
export interface DecodeLengths {
  readonly count: number;
  /** Σ of the histories. */
  readonly total: number;
  readonly longest: number;
  readonly shortest: number;
}

/** The decodes of a batch; nothing where there are none. */
export function decodeLengths({ decodes }: Batch): DecodeLengths | undefined {
  if (decodes.length === 0) return undefined;
  return {
    count: sum(decodes, ({ count }) => count),
    total: sum(decodes, ({ history, count }) => history * count),
    longest: decodes.reduce((most, { history }) => Math.max(most, history), 0),
    shortest: decodes.reduce((least, { history }) => Math.min(least, history), Infinity),
  };
}

/** Σ of `value` over requests that are alike. */
export function sum(groups: readonly Requests[], value: (group: Requests) => number): number {
  return groups.reduce((total, group) => total + value(group), 0);
}

/**
 * A batch as `--shape` writes it: `512+1024,8x1+333` is a chunk of 512 tokens behind 1024, beside
 * eight decodes with 333 tokens each.
 *
 * @throws {UsageError} where the text is none.
 */
export function parseShape(text: string): Batch {
  const groups = text.split(/[\s,]+/).filter((word) => word !== "").map((word) => {
    const found = /^(?:(\d+)x)?(\d+)(?:\+(\d+))?$/.exec(word);
    if (!found) {
      throw new UsageError(
        `Cannot predict the shape "${text}": "${word}" is no group of requests; write ` +
          "[COUNTx]NEW[+HISTORY] for each, as 512+1024,8x1+333",
      );
    }
    return {
      tokens: Number(found[2]),
      history: Number(found[3] ?? 0),
      count: Number(found[1] ?? 1),
    };
  });
  return checked(`the shape "${text}"`, groups, {});
}

/**
 * A batch of a JSON document: `{ "prefills": [{ "tokens", "history", "count" }], "decodes":
 * [{ "history", "count" }], "activated_experts", "padded_tokens", "id" }`, or `{ "shape" }` in the
 * place of the first two.
 *
 * @param what Where it is from, for messages, as `line 3 of batches.jsonl`.
 * @throws {UsageError} where it is none.
 */
export function parseBatch(what: string, document: unknown): Batch {
  const wanted = '; give {"prefills": [{"tokens": 512, "history": 0}], "decodes": [{"history": ' +
    '333, "count": 8}]}, or {"shape": "512+0,8x1+333"}';
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new UsageError(`Cannot predict ${what}: it is no JSON object${wanted}`);
  }
  const known = ["id", "shape", "prefills", "decodes", "activated_experts", "padded_tokens"];
  const fields = document as Readonly<Record<string, unknown>>;
  const odd = Object.keys(fields).find((key) => !known.includes(key));
  if (odd !== undefined) {
    throw new UsageError(`Cannot predict ${what}: ${JSON.stringify(odd)} is not known${wanted}`);
  }
  const { id, shape, prefills, decodes } = fields;
  if (id !== undefined && typeof id !== "string" && typeof id !== "number") {
    throw new UsageError(`Cannot predict ${what}: its id is neither a text nor a number`);
  }
  const more: Record<string, number> = {};
  for (
    const [key, name] of [
      ["activated_experts", "activatedExperts"],
      ["padded_tokens", "paddedTokens"],
    ] as const
  ) {
    if (fields[key] !== undefined) more[name] = whole(what, key, fields[key], 1);
  }
  const extra = { ...(id === undefined ? {} : { id }), ...more };
  if (shape !== undefined) {
    if (typeof shape !== "string" || prefills !== undefined || decodes !== undefined) {
      throw new UsageError(`Cannot predict ${what}: it has a shape and other requests${wanted}`);
    }
    const { prefills: chunks, decodes: rest } = parseShape(shape);
    return checked(what, [...chunks, ...rest], extra);
  }
  const groups = [
    ...list(what, "prefills", prefills).map((group) => requests(what, "prefills", group)),
    ...list(what, "decodes", decodes).map((group) => requests(what, "decodes", group, 1)),
  ];
  return checked(what, groups, extra);
}

function list(what: string, key: string, value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new UsageError(`Cannot predict ${what}: "${key}" is no list`);
}

function requests(what: string, key: string, value: unknown, tokens?: number): Requests {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`Cannot predict ${what}: an element of "${key}" is no object`);
  }
  const group = value as Readonly<Record<string, unknown>>;
  const odd = Object.keys(group).find((name) => !["tokens", "history", "count"].includes(name));
  if (odd !== undefined) {
    throw new UsageError(
      `Cannot predict ${what}: ${JSON.stringify(odd)} in "${key}" is not known; requests have ` +
        "tokens, history and count",
    );
  }
  const new_ = whole(what, `tokens of "${key}"`, group["tokens"] ?? tokens, 1);
  if (tokens !== undefined && new_ !== tokens) {
    throw new UsageError(
      `Cannot predict ${what}: a decode has ${new_} new tokens; it has one, and a chunk of a ` +
        'prompt belongs into "prefills"',
    );
  }
  return {
    tokens: new_,
    history: whole(what, `history of "${key}"`, group["history"] ?? 0, 0),
    count: whole(what, `count of "${key}"`, group["count"] ?? 1, 0),
  };
}

function whole(what: string, name: string, value: unknown, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= MOST) {
    return value as number;
  }
  throw new UsageError(
    `Cannot predict ${what}: ${name} is ${JSON.stringify(value) ?? "missing"}; give a whole ` +
      `number from ${least} to ${MOST}`,
  );
}

/** Sorts groups by what they are: one new token is a decode, as the tables have it. */
function checked(
  what: string,
  groups: readonly Requests[],
  extra: Omit<Batch, "prefills" | "decodes">,
): Batch {
  for (const { tokens, history, count } of groups) {
    whole(what, "the number of new tokens", tokens, 1);
    whole(what, "a history", history, 0);
    whole(what, "a count", count, 0);
  }
  const there = groups.filter(({ count }) => count > 0);
  if (there.length === 0) throw new UsageError(`Cannot predict ${what}: it has no request`);
  const total = sum(there, ({ tokens, history, count }) => (tokens + history) * count);
  if (total > MOST * 1000) {
    throw new UsageError(`Cannot predict ${what}: it has ${total} tokens, more than any engine`);
  }
  return {
    ...extra,
    prefills: there.filter(({ tokens }) => tokens > 1),
    decodes: there.filter(({ tokens }) => tokens === 1),
  };
}
