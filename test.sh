#!/usr/bin/env bash
# Installs what the tests need, then style, types and tests. Arguments go to pytest: bash test.sh -m full tests/t2s
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

bash install.sh --dev
python=$(bash install.sh --print-python)

# Everything runs even when one fails; pytest is last, so that its summary ends the output.
status=0
"$python" -m ruff check . || status=1
"$python" -m ruff format --check . || status=1
"$python" -m mypy || status=1
((status == 0)) || printf 'style or types failed, see above; the tests run all the same\n'
"$python" -m pytest "$@" || status=$?
exit "$status"
