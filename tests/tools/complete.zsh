# Types lines into an interactive zsh, each with a TAB behind it, and prints what it would complete:
# zsh -f complete.zsh SCRIPT OUT LINE…
zmodload zsh/zpty
script=$1 out=$2
shift 2
zpty shell zsh -f -i
# What the completion system adds is written to a file, with the line before it.
zpty -w shell "autoload -Uz compinit && compinit -u -D; source ${(q)script}
zstyle ':completion:*' insert-tab false
compadd() {
  local -a hits
  if [[ \${@[1,(i)(-|--)]} != *-[OAD]* ]]; then
    builtin compadd -A hits \"\$@\"
    print -rl -- \$hits >> ${(q)out}
  fi
  builtin compadd \"\$@\"
}
_typed() { print -r -- \"== \$BUFFER\" >> ${(q)out}; _main_complete; compstate[insert]= compstate[list]= }
zle -C typed complete-word _typed
bindkey '^I' typed; bindkey '^U' kill-whole-line
PROMPT='<TYPE''>' RPROMPT="
# Keys that are typed before the line editor runs would go to the terminal.
zpty -r -m shell seen '*<TYPE>*'
for line in "$@"; do
  zpty -w -n shell "$line"$'\t\C-u'
done
zpty -w shell "print -r -- ENDED >> ${(q)out}; exit"
# Nothing reads what the shell draws but this loop, which ends with the shell.
while zpty -r shell ignored; do :; done
zpty -d shell
