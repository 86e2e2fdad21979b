#!/usr/bin/env bash
# From a fresh checkout to speech: installs what is missing, fetches weights where it can, says what is still missing, speaks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
Usage: bash run.sh [--here] [--no-fetch] [--model VERSION] [arguments of python -m GPT_SoVITS.say]

  --here            use the active environment instead of .venv
  --no-fetch        do not try to fetch weights
  --model VERSION   weights to fetch and to speak with: v1, v2 (default), v2Pro, v2ProPlus
  --help            this text

Speech needs a voice, and none comes with this project: a recording of 3 to 10 s and what is said in it.

  bash run.sh "你好，世界。" --reference clip.wav --prompt-text "录音里说的话。"

writes a WAV file into output/ and prints its name (more options: python -m GPT_SoVITS.say --help). Without a
recording everything but speaking is done. Works without a network once it is installed: what cannot be fetched is named
with the command that fetches it, and the self-test shows that the networks run.
TEXT
}

here=() fetch=true model=v2 asked=()
while (($#)); do
  case $1 in
    --here) here=(--here) ;;
    --no-fetch) fetch=false ;;
    --model)
      (($# > 1)) || { printf 'error: --model needs a version\n' >&2 && exit 2; }
      model=$2
      asked=(--model "$model")
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

if (($#)); then
  exec "$python" -m GPT_SoVITS.say "${asked[@]}" "$@"
fi
if "$python" -m GPT_SoVITS.doctor; then
  cat <<'TEXT'

Everything is there but a voice: take a recording of 3 to 10 s and what is said in it, and run

    bash run.sh "你好，世界。" --reference clip.wav --prompt-text "录音里说的话。"
TEXT
  exit 0
fi
printf '\nself-test with made-up weights, which tests everything but the sound:\n'
exec "$python" -m GPT_SoVITS.selftest --model "$model"
