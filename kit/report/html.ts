/**
 * HTML with every value escaped unless it is HTML already.
 *
 * @module
 */

/** Text that is HTML. */
export class Html {
  constructor(readonly text: string) {}
}

/** What may stand in a template. */
export type Content = Html | string | number | undefined | readonly Content[];

/** A template whose values are escaped; lists are joined, undefined is nothing. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  let text = strings[0]!;
  for (const [place, value] of values.entries()) text += rendered(value) + strings[place + 1];
  return new Html(text);
}

function rendered(value: Content): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(rendered).join("");
  return escapeHtml(String(value));
}

/** Text as it may stand between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A document for a script element: nothing in it can end the element. */
export function scriptJson(value: unknown): Html {
  return new Html(
    JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  );
}
