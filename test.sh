#!/usr/bin/env bash
# Installs what the tests need, then runs them: bash test.sh [pytest's arguments], e.g. bash test.sh -m full tests/t2s
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

bash install.sh --dev
exec bash tests/run.sh "$(bash install.sh --print-python)" "$@"
