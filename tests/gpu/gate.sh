#!/bin/sh
# Whether the gate stays quiet on honest repeats and catches another dtype, on a GPU.
#   gate.sh SITE OUT [PAIRS]    SITE: unpacked vLLM; OUT: where verdicts go; PAIRS: 10 by default, at least 6
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where sessions go. A session that is there already
# is not recorded again, so that a run that was cut off goes on. $END: the second since 1970 by which all is judged.
# Needs no network: `./dev build` beforehand makes dist/vscope, which needs nothing but itself.
set -u
site=$1 out=$2 pairs=${3:-10}
here=$(cd "$(dirname "$0")" && pwd)
name=gate
. "$here/place.sh"

# record NAME ARGUMENTS-OF-GATE_RUN…
record() {
  name=$1
  shift
  grep -qs '"status": "complete"' "$work/$name/bundle.json" && return 0
  # Without the time for it nothing is begun: what is there is judged.
  [ -z "${END:-}" ] || [ "$(date +%s)" -lt $((END - 90)) ] || return 0
  rm -rf "${work:?}/$name"
  timeout "${LIMIT:-300}" "$vscope" monitor --quiet --out "$work/$name" -- \
    python3 "$here/gate_run.py" "$work/models" "$@" > "$out/$name.log" 2>&1
  echo "$name: exit code $?"
}

# judge NAME BASE NEW ARGUMENTS…: prints the exit code, keeps the document
judge() {
  name=$1
  shift
  "$vscope" bundle gate "$@" --json > "$out/$name.json" 2> "$out/$name.err"
  code=$?
  echo "$name: exit code $code"
  return $code
}

record float32-1 dtype=float32
record float32-2 dtype=float32
record float32-3 dtype=float32
n=0
while [ "$n" -le "$pairs" ]; do
  record "base-$n"
  n=$((n + 1))
done

quiet=0 caught=0 n=1
while [ "$n" -le "$pairs" ]; do
  judge "repeat-$n" "$work/base-$((n - 1))" "$work/base-$n" && quiet=$((quiet + 1))
  judge "slow-$n" "$work/base-$n" "$work/float32-1"
  [ $? -eq 1 ] && caught=$((caught + 1))
  n=$((n + 1))
done
judge repeats "$work/base-1" "$work/base-4" --base "$work/base-2,$work/base-3" \
  --new "$work/base-5,$work/base-6"
judge slow "$work/base-1" "$work/float32-1" --base "$work/base-2,$work/base-3" \
  --new "$work/float32-2,$work/float32-3"
"$vscope" bundle diff "$work/base-1" "$work/float32-1" --html "$out/diff.html" > "$out/diff.txt"
echo "quiet in $quiet of $pairs pairs, another dtype caught in $caught of $pairs"
