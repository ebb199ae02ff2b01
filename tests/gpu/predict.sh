#!/bin/sh
# A sweep on a GPU with held-out batches, and sessions of the same model against it, eager and with graphs.
#   predict.sh SITE OUT [SECONDS]    SITE: unpacked vLLM; OUT: where results go; SECONDS: of the sweep (600),
#     with the steps of the whole model that it compares itself with, eager and with graphs
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where bundles go, $MODEL: dense or experts,
# $LAYERS: layers of the sessions' model of experts. The same command goes on with a sweep that was cut off.
# $MORE: more arguments of the sweep; a coarser skew otherwise, with which shots take about three minutes.
# SESSIONS=no leaves out the two sessions of another load, which start two engines more: then all of it
# is done in some ten minutes.
# Has not been run yet.
set -u
site=$1 out=$2 seconds=${3:-600}
here=$(cd "$(dirname "$0")" && pwd)
name=predict
. "$here/place.sh"
model=${MODEL:-dense}
more=${MORE---skew-n-factor 4 --skew-pc-factor 4 --skew-kp-factor 4 --skew-kvs-factor 4}
python=$(command -v python3)
failed=0

mkdir -p "$work/$model"
python3 - "$here" "$work/$model" "$model" "${LAYERS:-8}" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
from models import DENSE, EXPERTS, make
dense = sys.argv[3] == "dense"
print(make(sys.argv[2], DENSE if dense else EXPERTS, **({} if dense else {"num_hidden_layers": int(sys.argv[4])})))
PY

"$vscope" sweep --json --out "$work/sweep-$model" --model "$work/$model" --hardware GPU --python "$python" \
  --tp-degrees 1 --attention-max-kv 4096 --validate 300 --time-budget "${seconds}s" $more \
  > "$out/sweep-$model.json" 2> "$out/sweep-$model.log" || failed=1

kinds="eager graphs"
[ "${SESSIONS:-yes}" = yes ] || kinds=
for kind in $kinds; do
  eager=$([ "$kind" = eager ] && echo true || echo false)
  rm -rf "$work/session-$model-$kind"
  "$vscope" monitor --json --out "$work/session-$model-$kind" -- \
    "$python" "$here/predict_load.py" "$work/$model" "enforce_eager=$eager" \
    > "$out/session-$model-$kind.json" 2> "$out/session-$model-$kind.log" || failed=1
  for method in interpolated reference; do
    "$vscope" bundle predict --json --method "$method" --session "$work/session-$model-$kind" \
      "$work/sweep-$model" > "$out/compared-$model-$kind-$method.json" || failed=1
    "$vscope" bundle predict --method "$method" --session "$work/session-$model-$kind" \
      "$work/sweep-$model" || failed=1
  done
done
"$vscope" bundle validate --leave-one-out --json "$work/sweep-$model" > "$out/held-out-$model.json" || failed=1
"$vscope" report "$work/sweep-$model" --out "$out/sweep-$model.html" || failed=1
cp "$work/sweep-$model/meta.yaml" "$out/meta-$model.yaml"
cp "$work/sweep-$model/tp1/validation.csv" "$out/validation-$model.csv"
for kind in eager graphs; do
  steps="$work/sweep-$model/steps-$kind"
  [ -d "$steps" ] || { failed=1; continue; }
  (cd "$work/sweep-$model" && tar -cf - --exclude=processes "steps-$kind") | gzip > "$out/steps-$model-$kind.tar.gz"
  tail -c 20000 "$steps/logs/stderr.log" > "$out/steps-$model-$kind.log"
done
sed -n '/^validation:/,/^sweeps:/p' "$out/meta-$model.yaml"
exit $failed
