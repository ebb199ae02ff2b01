#!/bin/sh
# Measures kernels of a real vLLM with vscope ncu, and checks its figures against ncu's own table.
#   ncu.sh SITE OUT [NAME…]    SITE: unpacked vLLM; OUT: where small results go; ncu on the PATH
#     NAME: dense-prefill dense-decode dense-shapes dense-graphs dense-script experts-prefill
#           experts-decode troubles; all of them where none is given
# $VSCOPE: the program (dist/vscope of this checkout), $WORK: where bundles go, $LIMIT: seconds for each.
# Needs no network: `./dev build` beforehand makes dist/vscope, which needs nothing but itself.
set -u
site=$1 out=$2
shift 2
[ $# -gt 0 ] || set -- dense-prefill experts-prefill dense-decode experts-decode dense-shapes dense-script \
  troubles dense-graphs
here=$(cd "$(dirname "$0")" && pwd)
name=ncu
. "$here/place.sh"
# Must be found in no file.
export HF_TOKEN=hf_thisisthesecretofthegputests
failed=0

# Runs vscope ncu into $work/NAME, keeps what is small, and checks it.
#   measure NAME "ARGUMENTS OF NCU_CHECK" ARGUMENTS OF VSCOPE NCU…
measure() {
  name=$1 wanted=$2
  shift 2
  bundle=$work/$name
  rm -rf "$bundle"
  echo "=== $name"
  begin=$(date +%s)
  timeout "${LIMIT:-420}" "$vscope" ncu --json --out "$bundle" "$@" \
    > "$out/$name.outcome.json" 2> "$out/$name.log"
  echo "vscope ncu: exit code $?, $(($(date +%s) - begin)) s"
  # shellcheck disable=SC2086
  python3 "$here/ncu_check.py" "$bundle" $wanted > "$out/$name.check" 2>&1 || failed=1
  cat "$out/$name.check"
  tail -c 20000 "$out/$name.log" > "$out/$name.log.end" && mv "$out/$name.log.end" "$out/$name.log"
  for file in bundle.json analysis.json report.html; do
    [ -f "$bundle/$file" ] && cp "$bundle/$file" "$out/$name.$file"
  done
  [ -f "$bundle/raw.csv" ] && gzip -9c "$bundle/raw.csv" > "$out/$name.raw.csv.gz"
  for log in stdout stderr import; do
    [ -f "$bundle/logs/$log.log" ] && tail -c 60000 "$bundle/logs/$log.log" > "$out/$name.$log.log"
  done
  if [ -f "$bundle/rep.ncu-rep" ]; then
    ls -l "$bundle/rep.ncu-rep"
    ncu --import "$bundle/rep.ncu-rep" --page session > "$out/$name.session.txt" 2>&1
    [ "$(wc -c < "$bundle/rep.ncu-rep")" -lt "${KEEP:-5000000}" ] && cp "$bundle/rep.ncu-rep" "$out/$name.ncu-rep"
  fi
}

# serve NAME WANTED MODEL "ARGUMENTS OF VSCOPE NCU" "MORE OF VLLM"
serve() {
  python3 "$here/ncu_model.py" "$work/models" "$3" || return 1
  # shellcheck disable=SC2086
  measure "$1" "$2" $4 -- python3 -m vllm.entrypoints.cli.main serve "$work/models/$3" --port 8123 \
    --load-format dummy --max-num-seqs 16 --gpu-memory-utilization 0.6 --seed 7 $5
}

for name in "$@"; do
  case $name in
    dense-prefill)
      serve $name "status=complete launches=60 kv=1073741824" dense "--prompt-tokens 1024" ""
      ;;
    dense-decode)
      serve $name "status=complete only=attention,ffn kv=1073741824" dense \
        "--category attention,ffn --delay-iterations 6 --count 40 --output-tokens 16" ""
      ;;
    dense-shapes)
      serve $name "status=complete least=10" dense \
        "--filter-mode per-launch-config --count 1 --kernels nvjet|gemm|flash --output-tokens 4" ""
      ;;
    dense-graphs)
      serve $name "status=complete least=1" dense \
        "--cuda-graphs --delay-iterations 6 --count 20 --output-tokens 16" ""
      ;;
    experts-prefill)
      serve $name "status=complete only=moe,attention kv=1073741824" experts \
        "--category moe,attention --count 40 --prompt-tokens 1024" ""
      ;;
    experts-decode)
      serve $name "status=complete launches=60" experts "--delay-iterations 6 --output-tokens 16" ""
      ;;
    dense-script)
      measure $name "status=complete launches=30 kv=1073741824" --record-call 2 --count 30 -- \
        python3 "$here/torch_run.py" "$work/models" dense graphs layers=4
      ;;
    troubles)
      # What ncu says when there is nothing to measure, when clocks are to be locked, without permission.
      whole="--capture-range none --count 2"
      # shellcheck disable=SC2086
      for run in "none:status=failed note=there.ran:--kernels no_such_kernel_at_all" \
        "clocks::--clock-control base" "set:status=complete launches=2:--set full" \
        "section:status=failed:--sections NoSuchSection" "metric::--metrics no_such_metric.sum"; do
        more=${run#*:}
        measure "${run%%:*}" "${more%%:*}" $whole ${more#*:} -- python3 "$here/ncu_toy.py"
      done
      for words in "--no-such-option" "--kernel-name regex:("; do
        # shellcheck disable=SC2086
        ncu $words python3 -c 0 2>&1 | head -5
      done > "$out/options.txt"
      toy=$(cat "$here/ncu_toy.py")
      (cd /tmp && setpriv --reuid=65534 --regid=65534 --clear-groups env -u PYTHONPATH HOME=/tmp TMPDIR=/tmp \
        ncu --launch-count 1 python3 -c "$toy") > "$out/permission.txt" 2>&1
      tail -5 "$out/permission.txt"
      ;;
    *)
      echo "there is no run $name"
      failed=1
      ;;
  esac
done
exit $failed
