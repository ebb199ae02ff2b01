import assert from "node:assert/strict";
import { escapeHtml, Html, html, scriptJson } from "../../kit/report/html.ts";
import { fc } from "../deps.ts";

Deno.test("whatever a value holds, it opens no tag and leaves no attribute", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    assert.doesNotMatch(
      html`<p title="${text}">${text}</p>`.text.slice(10, -4).replace('">', ""),
      /[<>"']/,
    );
  }));
});

Deno.test("lists are joined, nothing is nothing, and HTML stays what it is", () => {
  assert.equal(html`${[1, "<", undefined, new Html("<b>")]}`.text, "1&#60;<b>");
  assert.equal(escapeHtml("&"), "&#38;");
});

Deno.test("a document in a script element cannot end it, and reads back", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const { text } = scriptJson(value);
    assert.doesNotMatch(text, /[<>&\u2028\u2029]/);
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
  }));
  assert.doesNotMatch(scriptJson("</script><script>").text, /</);
});
