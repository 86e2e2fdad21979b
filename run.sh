#!/usr/bin/env bash
# From a fresh checkout to the page: installs what is missing, starts the service, prints and opens the page's address.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Usage: bash run.sh [--here] [--fetch VERSION] [arguments of api_ms.py]
       bash run.sh [--here] --say TEXT [arguments of python -m GPT_SoVITS.say]

Installs what is missing and starts the service on this machine: http://127.0.0.1:9881/index. The page speaks English
at once, with a small demonstration model. It downloads the official models (about 1 GB for v2) with one click. It opens
in a browser where there is a screen.

  --say             speak from the command line instead of starting the service
  --fetch VERSION   download the models of a version first: v1, v2, v2Pro, v2ProPlus
  --no-starter      leave out the small voice that comes with the program
  --no-open         only print the page's address
  --host, --port    where to listen (default 127.0.0.1, 9881); 0.0.0.0 lets other machines in
  --here            use the active environment instead of .venv
  --help            this text

Examples:
  bash run.sh
  bash run.sh --say "你好，世界。" --reference clip.wav --prompt-text "录音里说的话。"
TEXT
}

here=() fetch='' say=false open=(--open) rest=()
while (($#)); do
  case $1 in
    --here) here=(--here) ;;
    --fetch)
      (($# > 1)) || { printf 'error: --fetch needs a version\n' >&2 && exit 2; }
      fetch=$2
      shift
      ;;
    --no-open) open=() ;;
    --say) say=true ;;
    -h | --help)
      $say || ((${#rest[@]})) || { usage && exit 0; }
      rest+=("$1")
      ;;
    *) rest+=("$1") ;;
  esac
  shift
done

bash install.sh "${here[@]}"
python=$(bash install.sh --print-python "${here[@]}")

if [[ -n $fetch ]]; then
  "$python" -m GPT_SoVITS.resources fetch --version "$fetch" --language en --language ja ||
    printf 'warning: going on without the files named above\n' >&2
fi
if $say; then
  exec "$python" -m GPT_SoVITS.say "${rest[@]}"
fi
# On this machine only, unless --host says otherwise; a later --host wins.
exec "$python" api_ms.py --host 127.0.0.1 "${open[@]}" "${rest[@]}"
