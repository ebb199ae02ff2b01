#!/bin/sh
# Records torch traces of real kernels with vscope torch, and checks its figures by a direct count.
#   torch.sh SITE OUT [NAME…]    SITE: unpacked vLLM; OUT: where small results go
#                                NAME: dense-graphs dense-eager experts-graphs experts-eager, or all
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where bundles go,
# $ARGUMENTS: more for torch_run.py (tp=2).
# Needs no network: `./dev build` beforehand makes dist/vscope, which needs nothing but itself.
set -u
site=$1 out=$2
shift 2
[ $# -gt 0 ] || set -- dense-graphs dense-eager experts-graphs experts-eager
here=$(cd "$(dirname "$0")" && pwd)
name=torch
. "$here/place.sh"
failed=0
for name in "$@"; do
  model=${name%-*} mode=${name#*-} layers=
  # All 48 layers take minutes to fill with noise, and eight have the same kernels.
  [ "$model" = experts ] && layers=layers=8
  bundle=$work/$name
  rm -rf "$bundle"
  echo "=== $name"
  timeout "${LIMIT:-540}" "$vscope" torch --json --record-call 2 --max-iterations 40 --out "$bundle" -- \
    python3 "$here/torch_run.py" "$work/models" "$model" "$mode" $layers ${ARGUMENTS:-} \
    > "$out/$name.outcome.json" 2> "$out/$name.log"
  echo "vscope torch: exit code $?"
  tail -c 20000 "$out/$name.log" > "$out/$name.log.end" && mv "$out/$name.log.end" "$out/$name.log"
  set +u; traces=$(ls "$bundle"/traces/*rank*.json.gz "$bundle"/traces/*rank*.json 2>/dev/null); set -u
  if [ -z "$traces" ]; then
    echo "no trace"
    failed=1
    continue
  fi
  ls -l "$bundle/traces" > "$out/$name.files"
  # shellcheck disable=SC2086
  "$vscope" analyze --json $traces > "$out/$name.analysis.json" || failed=1
  # shellcheck disable=SC2086
  python3 "$here/torch_check.py" "$out/$name.analysis.json" $traces > "$out/$name.check" || failed=1
  cat "$out/$name.check"
  cp "$bundle/report.html" "$out/$name.report.html"
  cp "$bundle/bundle.json" "$out/$name.bundle.json"
  # The trace itself where it is small enough to be kept.
  for trace in $traces; do
    [ "$(wc -c < "$trace")" -lt "${KEEP:-20000000}" ] && cp "$trace" "$out/$name.$(basename "$trace")"
  done
done
exit $failed
