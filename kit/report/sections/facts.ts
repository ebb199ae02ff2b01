/**
 * Facts of a run, by name.
 *
 * @module
 */

import { type Content, type Html, html } from "../html.ts";

/** A list of those facts that are known. */
export function factList(facts: readonly (readonly [name: string, value: Content])[]): Html {
  return html`<dl class="facts">${
    facts.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) =>
      html`
        <div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}
