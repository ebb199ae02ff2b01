/**
 * Keeps secrets out of what is stored.
 *
 * @module
 */

/** Options whose value nobody else may read. */
const SECRET_FLAGS = /^--?(api[-_]key|hf[-_]token|token|password|secret)$/i;

/** Tokens as their makers form them, and a password within an address. */
const SECRET_TEXT = new RegExp(
  [
    "hf_[A-Za-z0-9]{16,}",
    "sk-[A-Za-z0-9_-]{16,}",
    "gh[pousr]_[A-Za-z0-9]{20,}",
    "AKIA[0-9A-Z]{16}",
    "(?<=Bearer )[\\w.~+/-]+=*",
    "(?<=://[^/@\\s:]*:)[^/@\\s]+(?=@)",
  ].join("|"),
  "g",
);

/** Names of variables whose value is a secret. */
const SECRET_NAME =
  /(?:^|_)(TOKEN|KEY|SECRET|PASSWORD|PASSWD|PASS|CREDENTIALS?|AUTH|COOKIE)(?:$|_(?!PATH$|FILE$|DIR$))/i;

/** A name and a password within an address, as proxies have them. */
const WITH_PASSWORD = /:\/\/[^/@\s]*:[^/@\s]*@/;

/** Whether a variable's value is a secret, as far as its name and its form tell. */
export function isSecret(name: string, value: string): boolean {
  return SECRET_NAME.test(name) || WITH_PASSWORD.test(value);
}

/** A text of any length without the tokens in it that can be told by their form. */
export function withoutTokens(text: string): string {
  return text.replace(SECRET_TEXT, "(secret)");
}

/** A word of a command line, or a message, without the secrets that it holds. */
export function unsecret(text: string): string {
  const flag = /^(--?[\w-]+)=(.*)$/s.exec(text);
  if (flag && SECRET_FLAGS.test(flag[1]!)) return `${flag[1]}=(secret)`;
  return withoutTokens(text);
}

/** The values of an argv's secret options. */
export function secretsInArgv(argv: readonly string[]): string[] {
  return argv.flatMap((word, place) => {
    if (SECRET_FLAGS.test(argv[place - 1] ?? "")) return [word];
    const flag = /^(--?[\w-]+)=(.*)$/s.exec(word);
    return flag && SECRET_FLAGS.test(flag[1]!) ? [flag[2]!] : [];
  });
}

/** A document without the tokens in its texts; paths stay, because files are found by them. */
export function unsecretDocument(document: unknown, key = ""): unknown {
  if (typeof document === "string") return key === "path" ? document : unsecret(document);
  if (Array.isArray(document)) return document.map((value) => unsecretDocument(value, key));
  if (typeof document !== "object" || document === null) return document;
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => [name, unsecretDocument(value, name)]),
  );
}

/** An argv as it may be stored. */
export function unsecretArgv(argv: readonly string[]): string[] {
  return argv.map((word, place) =>
    SECRET_FLAGS.test(argv[place - 1] ?? "") ? "(secret)" : unsecret(word)
  );
}
