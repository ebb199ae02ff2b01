/**
 * What an error of Python's says, in one line.
 *
 * @module
 */

const LONGEST = 300;

/** The line. The first line of an error of pydantic's only counts what is wrong; what is wrong follows. */
export function pythonReason(message: string): string {
  const [first = "", ...rest] = message.split("\n").map((line) => line.trim()).filter(Boolean);
  const subject = /\d+ validation errors? for (\S+)/.exec(first)?.[1];
  if (subject === undefined || rest.length === 0) return cut(first);
  const end = rest.findIndex((line) => line.startsWith("For further information"));
  const said = rest.slice(0, end < 0 ? rest.length : end).join(" ")
    .replace(/\s*\[type=.*$/, "").replace(/^Value error, /, "");
  return cut(`${subject}: ${said}`);
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
