#!/bin/sh
# Records the session and the bundle of `vscope moe` that perf/examples holds.
#   examples.sh SITE OUT    SITE: unpacked vLLM; OUT: where the bundles are packed
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where they are recorded, $LIMIT: seconds for each.
# Needs no network: `./dev build` beforehand makes dist/vscope, which needs nothing but itself.
set -u
site=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
name=examples
. "$here/place.sh"
failed=0

# record NAME RECIPE KIND
record() {
  rm -rf "${work:?}/$1"
  timeout "${LIMIT:-240}" "$vscope" "$2" --quiet --profiling-log-interval 10 --out "$work/$1" -- \
    python3 "$here/examples_run.py" "$work/models" "$3" > "$out/$1.log" 2>&1 || failed=1
  "$vscope" bundle validate "$work/$1" || failed=1
  (cd "$work" && tar -cf - "$1") | xz -T0 -3 > "$out/$1.part" && mv "$out/$1.part" "$out/$1.tar.xz"
}

record session monitor dense
record moe moe experts
exit $failed
