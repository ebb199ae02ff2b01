# Finds Deno, or fetches it into the user's cache, and leaves its path in $deno.
# Sourced by ./vscope and ./dev with $root set to the checkout. Prints on stderr only.

deno_version=2.9.8
cache="${VSCOPE_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:?neither VSCOPE_CACHE_DIR nor HOME is set}/.cache}/vscope}"
home="$cache/deno-$deno_version"

say() { printf 'vscope: %s\n' "$*" >&2; }

# A Deno that is not ours has to be of the same minor version: the lock file and flags are tried with that.
usable() { "$1" --version 2>/dev/null | grep -q '^deno 2\.9\.'; }

# Fetches into a folder of this process and renames it, so that neither an interruption nor
# another vscope that does the same can leave half a Deno.
fetch_deno() {
  part="$home.part-$$"
  trap 'rm -rf "$part"' EXIT
  trap 'exit 130' INT TERM
  mkdir -p "$part"
  say "fetching Deno $deno_version into $home"
  if python3 -m pip --version >/dev/null 2>&1 &&
    python3 -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
      --target "$part" -r "$root/bootstrap.requirements.txt" >&2; then
    :
  elif answer=$(python3 "$root/kit/engine/private/fetch_program.py" \
    "$root/bootstrap.requirements.txt" "$part" 2>&1) && [ -x "$part/bin/deno" ]; then
    : # Debian's python3 has no pip.
  elif command -v npm >/dev/null 2>&1 &&
    npm install --silent --no-save --prefix "$part" deno@2.9.6 >&2; then
    mkdir -p "$part/bin"
    ln -s ../node_modules/deno/deno "$part/bin/deno"
    # The package puts the binary of this system beside its launcher script on first use.
    [ -x "$part/node_modules/deno/deno" ] || ln -sf ../node_modules/.bin/deno "$part/bin/deno"
  else
    say "cannot fetch Deno: neither python3 ($answer) nor npm could get it; install Deno 2.9 from https://deno.com and run this again, or name it with VSCOPE_DENO"
    exit 1
  fi
  rm -rf "$home.old-$$"
  [ ! -e "$home" ] || mv "$home" "$home.old-$$"
  mv "$part" "$home" 2>/dev/null || true
  rm -rf "$home.old-$$" "$part"
  trap - EXIT INT TERM
}

if [ -n "${VSCOPE_DENO:-}" ]; then
  deno=$VSCOPE_DENO
elif [ -x "$home/bin/deno" ] && usable "$home/bin/deno"; then
  deno=$home/bin/deno
elif command -v deno >/dev/null 2>&1 && usable deno; then
  deno=$(command -v deno)
else
  fetch_deno
  deno=$home/bin/deno
fi
