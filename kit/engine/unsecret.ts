/**
 * Keeps secrets out of what is stored.
 *
 * @module
 */

/** Options whose value nobody else may read. */
const SECRET_FLAGS = /^--?(api[-_]key|hf[-_]token|token|password|secret)$/i;

const SECRET_TEXT = /(hf_[A-Za-z0-9]{8,}|sk-[A-Za-z0-9_-]{8,}|(?<=Bearer )[\w.~+/-]+=*)/g;

/** A text without the tokens that it holds. */
export function unsecret(text: string): string {
  const flag = /^(--?[\w-]+)=(.*)$/s.exec(text);
  if (flag && SECRET_FLAGS.test(flag[1]!)) return `${flag[1]}=(secret)`;
  return text.replace(SECRET_TEXT, "(secret)");
}

/** An argv as it may be stored. */
export function unsecretArgv(argv: readonly string[]): string[] {
  return argv.map((word, place) =>
    SECRET_FLAGS.test(argv[place - 1] ?? "") ? "(secret)" : unsecret(word)
  );
}
