#!/usr/bin/env bash
# Runs pytest and insists on its closing summary: tests/run.sh PYTHON [pytest's arguments].
# A process that ends early (a socket that was closed, an exit in a thread) can look like success.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$1
shift
# Images that forbid Python to keep what it compiled make each of some hundred processes compile everything anew.
unset PYTHONDONTWRITEBYTECODE
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$python" -m pytest "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
if ! tail -n 3 "$log" | grep -Eq '(passed|failed|skipped|deselected|errors?|no tests ran).* in [0-9.]+s'; then
  printf 'pytest ended with status %s and without its closing summary: this run counts as failed\n' "$status" >&2
  ((status)) || status=1
fi
exit "$status"
