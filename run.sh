#!/usr/bin/env bash
# From a fresh checkout to a running program: installs what is missing, fetches weights where it can, runs the self-test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Usage: bash run.sh [--here] [--no-fetch] [--model VERSION] [arguments of the self-test]

  --here            use the active environment instead of .venv
  --no-fetch        do not try to fetch weights
  --model VERSION   weights to fetch: v1, v2 (default), v2Pro, v2ProPlus, v3, v4
  --help            this text

Works without a network once it is installed: weights that cannot be fetched are named, and the self-test says what
can be run without them.
TEXT
}

here=() fetch=true model=v2
while (($#)); do
  case $1 in
    --here) here=(--here) ;;
    --no-fetch) fetch=false ;;
    --model)
      (($# > 1)) || { printf 'error: --model needs a version\n' >&2 && exit 2; }
      model=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    --)
      shift
      break
      ;;
    *) break ;;
  esac
  shift
done

bash install.sh "${here[@]}"
python=$(bash install.sh --print-python "${here[@]}")

wanted=(--version "$model" --language en --language ja)
if $fetch && ! "$python" -m GPT_SoVITS.resources check --quick "${wanted[@]}" >/dev/null; then
  "$python" -m GPT_SoVITS.resources fetch "${wanted[@]}" ||
    printf 'warning: going on without the weights named above\n' >&2
fi
exec "$python" -m GPT_SoVITS.selftest "$@"
