/** Bundles that somebody made to script the page: every text in them is markup. */

/** Ways out of a text, an attribute, a script and a style; each would set `pwned`. */
export const PAYLOADS = [
  `</script><script>globalThis.pwned=1</script>`,
  `"><img src=x onerror="globalThis.pwned=1">`,
  `'><svg onload=globalThis.pwned=1>`,
  `</style><script>globalThis.pwned=1</script>`,
  `javascript:globalThis.pwned=1`,
  "${globalThis.pwned=1}`",
];

/** Words by which the reader knows what it reads; they are not for showing. */
const STRUCTURE =
  /^(schema|status|recipe|kind|path|event|role|severity|phase|category|started_at|ended_at|start_time|name)$/;

let turn = 0;
const hostile = (text: string) => `${text}${PAYLOADS[turn++ % PAYLOADS.length]}`;

function poisoned(value: unknown, key = ""): unknown {
  if (typeof value === "string") return STRUCTURE.test(key) ? value : hostile(value);
  if (Array.isArray(value)) return value.map((one) => poisoned(one, key));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, poisoned(one, name)]);
  return Object.fromEntries(entries);
}

/** A table whose words have become markup; numbers, headers and what a row is known by stay. */
function poisonedCsv(text: string): string {
  const [header = "", ...lines] = text.split("\n");
  const names = header.split(",");
  const rows = lines.map((line) =>
    line.split(",").map((cell, place) =>
      cell === "" || !Number.isNaN(Number(cell)) || line.includes('"') ||
        STRUCTURE.test(names[place] ?? "")
        ? cell
        : `"${hostile(cell).replaceAll('"', '""')}"`
    ).join(",")
  );
  return [header, ...rows].join("\n");
}

/** Copies a bundle, with every text in it poisoned. */
export async function poison(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (isDirectory) await poison(source, target);
    else if (name.endsWith(".json")) {
      const document = JSON.parse(await Deno.readTextFile(source));
      await Deno.writeTextFile(target, JSON.stringify(poisoned(document)));
    } else if (name.endsWith(".csv")) {
      await Deno.writeTextFile(target, poisonedCsv(await Deno.readTextFile(source)));
    } else if (name !== "report.html") {
      await Deno.copyFile(source, target);
    }
  }
}
