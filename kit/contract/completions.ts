/**
 * Shell completions, from the declarations.
 *
 * @module
 */

import { commonOptions } from "./common.ts";
import { flagOf, type Options } from "./option.ts";

/** Shells that completions are made for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A shell. */
export type Shell = (typeof SHELLS)[number];

/** A command as completions know it. */
export interface CompletableCommand {
  name: string;
  summary: string;
  options: Options;
  /** Words of which one may follow, as the commands of a group; files come after it. */
  words?: readonly string[];
}

/** The script for a shell; it is to be sourced, or put where the shell looks for completions. */
export function completionScript(shell: Shell, commands: readonly CompletableCommand[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands);
}

interface Flag {
  flag: string;
  doc: string;
  /** What follows: nothing, a path, one of some words, or anything. */
  value: "none" | "path" | "folder" | "any" | readonly string[];
}

function flagsOf(options: Options): Flag[] {
  const flags: Flag[] = [];
  for (const [name, option] of Object.entries({ ...options, ...commonOptions } as Options)) {
    if (option.secret) continue;
    const flag = `--${flagOf(name)}`;
    if (option.type === "boolean") {
      if (option.default !== true) flags.push({ flag, doc: option.doc, value: "none" });
      if (option.default !== false) {
        flags.push({ flag: `--no-${flagOf(name)}`, doc: option.doc, value: "none" });
      }
      continue;
    }
    const value = option.choices ?? (option.type === "path" ? "path" : "any");
    flags.push({ flag, doc: option.doc, value });
  }
  return flags;
}

function bashScript(commands: readonly CompletableCommand[]): string {
  const cases = commands.map(({ name, options, words = [] }) => {
    const flags = flagsOf(options);
    const values = flags.filter(({ value }) => value !== "none").map(({ flag, value }) => {
      const reply = Array.isArray(value)
        ? `COMPREPLY=($(compgen -W "${value.join(" ")}" -- "$word"))`
        : value === "any"
        ? "COMPREPLY=()"
        : `_vscope_files "$word"`;
      return `        ${flag}) ${reply}; return ;;`;
    });
    const first = words.length === 0 ? "" : `
      elif ((COMP_CWORD == 2)); then
        COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$word"))`;
    return `    ${name})
      case "$before" in
${values.join("\n")}
      esac
      if [[ "$word" == -* ]]; then
        COMPREPLY=($(compgen -W "${flags.map(({ flag }) => flag).join(" ")}" -- "$word"))${first}
      else
        _vscope_files "$word"
      fi ;;`;
  });
  return `# bash completion for vscope
_vscope_files() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$1"))
}
_vscope() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ "\${COMP_WORDS[i]}" == -- ]] && { COMPREPLY=($(compgen -c -f -- "$word")); return; }
  done
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${
    commands.map(({ name }) => name).join(" ")
  } --help --version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
}
complete -o filenames -F _vscope vscope
`;
}

/** Text within single quotes of zsh and fish. */
function quoted(text: string): string {
  return text.replaceAll("'", "’").replaceAll("[", "(").replaceAll("]", ")").replaceAll(":", "\\:");
}

function zshScript(commands: readonly CompletableCommand[]): string {
  const cases = commands.map(({ name, options, words = [] }) => {
    const specs = flagsOf(options).map(({ flag, doc, value }) => {
      const action = Array.isArray(value)
        ? `:value:(${value.join(" ")})`
        : value === "none"
        ? ""
        : value === "any"
        ? ":value: "
        : ":path:_files";
      return `        '${flag}[${quoted(doc)}]${action}'`;
    });
    const first = words.length > 0 ? `'1:word:(${words.join(" ")})' ` : "";
    return `      ${name})
        _arguments \\
${specs.join(" \\\n")} \\
        ${first}'*:file:_files' ;;`;
  });
  return `#compdef vscope
_vscope() {
  local -a known=(
${commands.map(({ name, summary }) => `    '${name}:${quoted(summary)}'`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command known
    return
  fi
  local command=\${words[2]}
  if [[ \${words[(i)--]} -lt CURRENT ]]; then
    local place=\${words[(i)--]}
    words=("\${(@)words[place+1,-1]}")
    ((CURRENT -= place))
    _normal
    return
  fi
  words=("\${(@)words[2,-1]}")
  ((CURRENT--))
  case $command in
${cases.join("\n")}
  esac
}
if [[ "\${funcstack[1]}" == _vscope ]]; then _vscope "$@"; else compdef _vscope vscope; fi
`;
}

/** The command behind `--` is completed as if it stood alone. */
const FISH_BEGIN = `# fish completion for vscope
function __vscope_command
  set -l words (commandline -opc)
  set -l place (contains -i -- -- $words)
  set -l before (string escape -- $words[(math $place + 1)..-1])
  complete -C (string join ' ' -- $before (commandline -ct))
end
complete -c vscope -f
complete -c vscope -n 'contains -- -- (commandline -opc)' -a '(__vscope_command)'`;

function fishScript(commands: readonly CompletableCommand[]): string {
  const lines = [FISH_BEGIN];
  for (const { name, summary } of commands) {
    lines.push(`complete -c vscope -n __fish_use_subcommand -a ${name} -d '${quoted(summary)}'`);
  }
  for (const { name, options, words = [] } of commands) {
    const when = `-n '__fish_seen_subcommand_from ${name}'`;
    const all = words.join(" ");
    if (words.length === 0) lines.push(`complete -c vscope ${when} -F`);
    else {
      const seen = `__fish_seen_subcommand_from ${name}; and`;
      const given = `__fish_seen_subcommand_from ${all}`;
      lines.push(`complete -c vscope -n '${seen} not ${given}' -a '${all}'`);
      lines.push(`complete -c vscope -n '${seen} ${given}' -F`);
    }
    for (const { flag, doc, value } of flagsOf(options)) {
      const action = Array.isArray(value)
        ? `-x -a '${value.join(" ")}'`
        : value === "none"
        ? ""
        : value === "any"
        ? "-x"
        : "-r -F";
      lines.push(`complete -c vscope ${when} -l ${flag.slice(2)} ${action} -d '${quoted(doc)}'`);
    }
  }
  return lines.join("\n") + "\n";
}
