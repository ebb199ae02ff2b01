/**
 * The columns of a table, out of the statement that made it.
 *
 * @module
 */

/** The columns of a table in the order of its rows. */
export interface Columns {
  /** In small letters: names of columns are the same in any case. */
  readonly names: readonly string[];
  /** The column whose value is the row's own number; −1 where there is none. */
  readonly rowid: number;
  /** Whether rows are kept in a way that this reader does not know. */
  readonly withoutRowid: boolean;
}

interface Column {
  readonly name: string;
  readonly rest: string;
}

const CONSTRAINT = /^(CONSTRAINT|PRIMARY|UNIQUE|FOREIGN|CHECK)\b/i;

const COLUMN = /^(?:["'`[](.+?)["'`\]]|([^\s"'`[]+))([\s\S]*)$/;

/** Reads `CREATE TABLE name (…)`; nothing where it makes something else. */
export function readCreateTable(sql: string): Columns | undefined {
  const text = withoutComments(sql);
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (!/^\s*CREATE\s+TABLE\b/i.test(text) || open < 0 || close < open) return undefined;
  const columns: Column[] = [];
  let key: string | undefined;
  for (const part of topLevelParts(text.slice(open + 1, close))) {
    if (CONSTRAINT.test(part)) {
      key ??= /PRIMARY\s+KEY\s*\(\s*["'`[]?(\w+)["'`\]]?\s*\)/i.exec(part)?.[1]?.toLowerCase();
      continue;
    }
    const [, quoted, plain, rest = ""] = COLUMN.exec(part) ?? [];
    const name = (quoted ?? plain)?.toLowerCase();
    if (name === undefined) return undefined;
    columns.push({ name, rest });
    if (/\bPRIMARY\s+KEY\b(?!\s+DESC)/i.test(rest)) key ??= name;
  }
  return {
    names: columns.map(({ name }) => name),
    rowid: columns.findIndex(({ name, rest }) => name === key && /^\s*INTEGER\b/i.test(rest)),
    withoutRowid: /\bWITHOUT\s+ROWID\b/i.test(text.slice(close + 1)),
  };
}

function withoutComments(sql: string): string {
  return sql.replace(/--[^\n]*/g, " ").replace(/\/\*[\s\S]*?\*\//g, " ");
}

/** The parts between commas that stand in no parentheses. */
function topLevelParts(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    const letter = text[at];
    if (letter === "(") depth++;
    else if (letter === ")") depth--;
    else if (at === text.length || letter === "," && depth === 0) {
      const part = text.slice(from, at).trim();
      if (part !== "") parts.push(part);
      from = at + 1;
    }
  }
  return parts;
}
