#!/usr/bin/env bash
# Makes the Python environment: from a bare Debian or Ubuntu (x86_64, aarch64) to a working .venv. Safe to run again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly NEEDED_MB=4500
readonly PYTHONS=(python3.12 python3.11 python3.10 python3 python)
# ffmpeg: audio containers; g++ and libgomp1: the native operators; the dictionary: Japanese.
readonly SYSTEM_PACKAGES=(ffmpeg g++ libgomp1 open-jtalk-mecab-naist-jdic)
readonly NO_CLUSTER=/etc/postgresql-common/createcluster.d/gpt-sovits-tests.conf
readonly NO_START=/usr/sbin/policy-rc.d

usage() {
  cat <<'TEXT'
Usage: bash install.sh [options]

  --dev            also what the tests need: Python packages, Chromium, a PostgreSQL server (no cluster is made) and
                   a RabbitMQ server (not started)
  --extra NAME     also the packages of an extra of pyproject.toml, such as webui (the Gradio page); may be repeated
  --here           into the active virtual or conda environment instead of .venv
  --python PATH    make .venv with this Python (3.10, 3.11 or 3.12)
  --ascend         afterwards check the Ascend driver and CANN, and say which CANN versions MindSpore accepts
  --no-system      leave the system packages alone
  --print-python   print the environment's Python and do nothing else
  --help           this text

System packages (ffmpeg, g++, ...) are installed as root or where sudo asks for no password, else they are named.
A second run with an unchanged pyproject.toml ends at once. The first takes several minutes: packages, then kernels.
TEXT
}

say() { if [[ -t 1 ]]; then printf "\033[1m==>\033[0m %s\n" "$*"; else printf "==> %s\n" "$*"; fi; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

known_extra() { grep -Eq "^$1 = \[" <(sed -n '/^\[project.optional-dependencies\]/,/^\[tool/p' pyproject.toml); }

extras=hub,dataset here=false ascend=false system=true print=false chosen_python=
while (($#)); do
  case $1 in
    --dev) extras+=,dev ;;
    --extra)
      (($# > 1)) || die "--extra needs a name, such as webui"
      [[ $2 =~ ^[a-z-]+$ ]] && known_extra "$2" || die "there is no extra $2 in pyproject.toml"
      extras+=,$2
      shift
      ;;
    --here) here=true ;;
    --ascend) ascend=true ;;
    --no-system) system=false ;;
    --print-python) print=true ;;
    --python)
      (($# > 1)) || die "--python needs a path"
      chosen_python=$2
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) die "unknown option $1; see bash install.sh --help" ;;
  esac
  shift
done

environment=$PWD/.venv
if $here; then
  environment=${VIRTUAL_ENV:-${CONDA_PREFIX:-}}
  [[ -n $environment ]] || die "--here needs an active environment; activate one (source .../activate, conda activate)"
fi
python=$environment/bin/python
if $print; then
  printf '%s\n' "$python"
  exit 0
fi

supported() { "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; }

# --- system packages ------------------------------------------------------------------------------------------------

as_root=()
may_install() {
  command -v apt-get >/dev/null || return 1
  if ((EUID == 0)); then return 0; fi
  as_root=(sudo -n)
  command -v sudo >/dev/null && sudo -n true 2>/dev/null
}

apt_get() {
  timeout 600 "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=2 \
    -o Acquire::http::Timeout=20 -o Dpkg::Use-Pty=0 "$@"
}

# Installs what of its arguments is missing; what cannot be installed is named, and only costs what it is for.
system_packages() {
  local package missing=()
  if ! command -v dpkg-query >/dev/null; then
    command -v ffmpeg >/dev/null || warn "ffmpeg is missing: only wav, flac and ogg can be read; install it"
    command -v g++ >/dev/null || warn "g++ is missing: the native operators are not built; install gcc-c++"
    return 0
  fi
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if ! may_install; then
    warn "system packages missing: ${missing[*]}; install them with: sudo apt-get install ${missing[*]}"
    return 0
  fi
  say "system packages: ${missing[*]}"
  apt_get update || warn "apt-get update failed; going on with the package lists that are there"
  for package in "${missing[@]}"; do
    install_package "$package" || warn "could not install $package; going on without it"
  done
}

install_package() {
  local status=0
  # The browser without a window computes a third less; not every distribution has it.
  if [[ $1 == chromium-headless-shell ]] && ! apt-cache show "$1" >/dev/null 2>&1; then set -- chromium; fi
  if [[ $1 == postgresql ]]; then
    # Debian would make a database cluster and start it at every boot; the tests start servers of their own.
    "${as_root[@]}" install -D -m 644 /dev/stdin "$NO_CLUSTER" <<<'create_main_cluster = false'
  fi
  # Debian would start a broker now and at every boot; the tests start one of their own.
  local ours=false
  if [[ $1 == rabbitmq-server && ! -e $NO_START ]]; then
    "${as_root[@]}" install -m 755 /dev/stdin "$NO_START" <<<$'#!/bin/sh\nexit 101'
    ours=true
  fi
  apt_get install -y --no-install-recommends "$1" || status=1
  if $ours; then "${as_root[@]}" rm -f "$NO_START"; fi
  if [[ $1 == rabbitmq-server ]] && command -v systemctl >/dev/null; then
    "${as_root[@]}" systemctl disable --quiet rabbitmq-server 2>/dev/null || true
  fi
  if [[ $1 == postgresql ]]; then "${as_root[@]}" rm -f "$NO_CLUSTER"; fi
  return "$status"
}

# What the tests look for and skip without: a browser, Chinese letters for it, speech, a PostgreSQL server, a broker.
test_packages() {
  local wanted=(fonts-noto-cjk espeak-ng)
  command -v dpkg-query >/dev/null || return 0
  if ! command -v chromium-headless-shell chromium google-chrome >/dev/null; then wanted+=(chromium-headless-shell); fi
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || wanted+=(postgresql)
  [[ -e /usr/lib/rabbitmq/bin/rabbitmq-server ]] || wanted+=(rabbitmq-server)
  system_packages "${wanted[@]}"
}

# --- the environment ------------------------------------------------------------------------------------------------

find_python() {
  local candidate
  for candidate in ${chosen_python:+"$chosen_python"} "${PYTHONS[@]}"; do
    if command -v "$candidate" >/dev/null && supported "$candidate"; then
      command -v "$candidate"
      return 0
    fi
    [[ -z $chosen_python ]] || die "$chosen_python is not a Python 3.10, 3.11 or 3.12"
  done
  return 1
}

make_environment() {
  local base
  if base=$(find_python); then
    if ! "$base" -c 'import ensurepip, venv' 2>/dev/null && $system; then
      system_packages "python$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    fi
    say "new environment in $environment, $("$base" --version)"
    "$base" -m venv "$environment"
  elif command -v uv >/dev/null; then
    say "no Python 3.10-3.12 here; uv fetches one"
    uv venv --seed --python 3.11 "$environment"
  elif command -v conda >/dev/null; then
    say "no Python 3.10-3.12 here; conda fetches one"
    conda create --yes --quiet --prefix "$environment" python=3.11 pip
  else
    die "no Python 3.10, 3.11 or 3.12 found; install one (apt-get install python3.11-venv, conda, or uv) and run again"
  fi
}

# The environment and the temporary folder both hold MindSpore for a moment: 0.8 GB packed, 2.5 GB unpacked.
check_disk() {
  local free
  free=$(df -Pm "$(dirname "$environment")" | awk 'NR == 2 { print $4 }')
  ((free >= NEEDED_MB)) || die "$(dirname "$environment") has $free MB free, $NEEDED_MB MB are needed; make room"
  free=$(df -Pm "${TMPDIR:-/tmp}" | awk 'NR == 2 { print $4 }')
  ((free >= 1500)) || die "${TMPDIR:-/tmp} has $free MB free, 1500 MB are needed; set TMPDIR to a roomier folder"
}

fingerprint() {
  printf '%s %s' "$PWD" "$(sha256sum pyproject.toml | cut -d ' ' -f 1)"
}

# Whether Python finds this checkout from anywhere; `pip install .` puts a copy in its place, which then grows old.
is_this_checkout() {
  (cd / && "$python" -c 'import importlib.util as u, os, sys
found = u.find_spec("GPT_SoVITS")
sys.exit(found is None or os.path.realpath(found.origin or "") != os.path.realpath(sys.argv[1]))' \
    "$OLDPWD/GPT_SoVITS/__init__.py")
}

# Whether the extras that are installed ($1) have all that are wanted: a --dev environment also serves without --dev.
has_extras() {
  local extra
  for extra in ${extras//,/ }; do [[ ,$1, == *,$extra,* ]] || return 1; done
}

install_packages() {
  local stamp=$environment/.gpt-sovits-installed had='' from=''
  if [[ -f $stamp ]]; then read -r had from <"$stamp" || true; fi
  if [[ -n $had && $from == "$(fingerprint)" ]] && has_extras "$had"; then
    if is_this_checkout; then
      say "$environment is up to date"
      return 0
    fi
    warn "$environment has a copy of this program instead of this folder; installing it again"
  fi
  "$python" -c 'import mindspore' 2>/dev/null || check_disk
  say "Python packages (MindSpore alone is a download of 0.4-0.8 GB; several minutes)"
  "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip --upgrade
  # While pip works nothing is known of the environment; one that is interrupted is installed again.
  rm -f "$stamp"
  [[ -z $had ]] || extras=$(printf '%s\n' ${had//,/ } ${extras//,/ } | awk '!seen[$0]++' | paste -sd,)
  packages_by_uv || packages_by_pip
  language_data
  printf '%s %s\n' "$extras" "$(fingerprint)" >"$stamp"
}

packages_by_pip() { "$python" -m pip install --disable-pip-version-check --prefer-binary --editable ".[$extras]"; }

# uv does in half a minute what takes pip two and more; where it cannot be had, or fails, pip says why.
readonly UV='uv>=0.8,<1'

packages_by_uv() (
  quietly=(--disable-pip-version-check --quiet --retries 1 --only-binary=:all:)
  "$python" -m uv --version >/dev/null 2>&1 || "$python" -m pip install "${quietly[@]}" "$UV" 2>/dev/null || exit
  settings=$(uv_settings) || exit
  while IFS= read -r setting; do
    if [[ -n $setting && -z $(printenv "${setting%%=*}") ]]; then export "${setting?}"; fi
  done <<<"$settings"
  # In the environment: what is unpacked there is linked into its place, not copied. Kept where the network breaks off.
  cache=$environment/.uv-cache
  export UV_CACHE_DIR="${UV_CACHE_DIR:-$cache}"
  if "$python" -m uv pip install --python "$python" --editable ".[$extras]"; then
    rm -rf "$cache"
    # As pip does it: a process that may not write here would compile all that it imports at every start. But not what
    # tests alone need little of.
    "$python" -W ignore -m compileall -q -j 0 -x '/(tests|_akg|pip|setuptools|moto|mypy|mypyc)/' \
      "$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" >/dev/null || true
  else
    warn "uv could not install the packages; trying pip"
    exit 1
  fi
)

# pip's settings as variables of uv, which reads neither its files nor its variables: packages come from where pip would
# take them. Fails where pip is told something that has no counterpart.
uv_settings() {
  "$python" -m pip config list | "$python" -c '
import ast, sys

LISTS = {
    "extra-index-url": ("UV_EXTRA_INDEX_URL", " "), "find-links": ("UV_FIND_LINKS", ","),
    "constraint": ("UV_CONSTRAINT", " "), "trusted-host": ("UV_INSECURE_HOST", " "),
}
WORDS = {
    "index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT", "default-timeout": "UV_HTTP_TIMEOUT",
}
HARMLESS = {
    "disable-pip-version-check", "quiet", "verbose", "progress-bar", "cache-dir", "no-cache-dir", "no-input", "retries",
    "no-color", "prefer-binary", "root-user-action", "require-virtualenv", "no-warn-script-location", "log",
}
PLACES = ["global", "install", ":env:"]  # the later ones count
given = {}
for line in sys.stdin:
    key, _, value = line.strip().partition("=")
    place, _, name = key.rpartition(".")
    if place in PLACES:
        given.setdefault(name, {})[PLACES.index(place)] = ast.literal_eval(value)
mains = given.get("index-url", {-1: "https://pypi.org/simple"})
main = str(mains[max(mains)])
for name, values in given.items():
    value = str(values[max(values)])
    if name in LISTS:
        variable, comma = LISTS[name]
        # Of one version uv takes the file of the first index that has it, and asks further indexes first. The main one
        # has the file made for this machine; others may have another.
        first = [main] if name == "extra-index-url" else []
        print(f"{variable}={comma.join([*first, *value.split()])}")
    elif name in WORDS:
        print(f"{WORDS[name]}={value}")
    elif name not in HARMLESS:
        sys.exit(f"uv knows nothing like pip\x27s setting {name}: pip installs the packages")
print("UV_INDEX_STRATEGY=unsafe-best-match")  # the best version of all indexes, as pip takes it
'
}

# What makes Japanese and English phonemes exactly the official program's; without it speech works, slightly differently.
readonly OPEN_JTALK=pyopenjtalk-ndy==0.4.2.post8
readonly OPEN_JTALK_FOLDER=GPT_SoVITS/pretrained_models/text/openjtalk

language_data() {
  if ! compgen -G "$OPEN_JTALK_FOLDER/pyopenjtalk/openjtalk*$("$python" -c \
    'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')" >/dev/null; then
    say "Open JTalk for exact Japanese, in a folder of its own"
    "$python" -m pip install --disable-pip-version-check --quiet --upgrade --no-deps --only-binary=:all: \
      --target "$OPEN_JTALK_FOLDER" "$OPEN_JTALK" ||
      warn "Open JTalk ($OPEN_JTALK) could not be had; accents of Japanese will be approximate"
  fi
  "$python" -m GPT_SoVITS.resources check --quick english-dictionaries >/dev/null ||
    "$python" -m GPT_SoVITS.resources fetch english-dictionaries ||
    warn "the official English dictionaries could not be had; a few English words will be read differently"
}

# C++ kernels, several times faster than the portable code on a CPU; without a compiler everything works, slower.
# They need no package, so they are built while packages come, except by the compiler that is one (ziglang).
readonly NO_KERNELS='the native kernels were not built; speech will be slower'
kernels=''
begin_native() {
  say "native kernels: what is not built yet is compiled for this processor; the first time that takes minutes"
  command -v "${CXX:-g++}" >/dev/null || return 0
  kernels_said=$(mktemp)
  "$python" -m GPT_SoVITS.native build --best >"$kernels_said" 2>&1 &
  kernels=$!
  trap 'kill "$kernels" 2>/dev/null || true; rm -f "$kernels_said"' EXIT
}

end_native() {
  if [[ -z $kernels ]]; then
    "$python" -m GPT_SoVITS.native build --best || warn "$NO_KERNELS"
    return
  fi
  wait "$kernels" || warn "$NO_KERNELS"
  cat "$kernels_said"
  rm -f "$kernels_said"
  trap - EXIT
}

# --- Ascend ---------------------------------------------------------------------------------------------------------

check_ascend() {
  "$python" - <<'PYTHON'
import mindspore
from mindspore.run_check._check_version import AscendEnvChecker

accepted = ", ".join(AscendEnvChecker(None).version)
print(f"MindSpore {mindspore.__version__} accepts CANN {accepted} (toolkit and kernels of one version, matching driver)")
PYTHON
  if command -v npu-smi >/dev/null; then
    npu-smi info || warn "npu-smi fails: the driver is not loaded, or this user is not in its group (HwHiAiUser)"
  else
    warn "npu-smi is not there: the Ascend driver is not installed; without it everything runs on the CPU"
  fi
  local home=${ASCEND_HOME_PATH:-/usr/local/Ascend/ascend-toolkit/latest}
  if [[ -z ${ASCEND_HOME_PATH:-} && -d $home ]]; then
    warn "CANN is in $home but not active: source $(dirname "$home")/set_env.sh, also in the service's start script"
  elif [[ ! -d $home ]]; then
    warn "CANN is not installed in $home; see https://www.mindspore.cn/install"
  fi
}

case $(uname -s)-$(uname -m) in
  Linux-x86_64 | Linux-aarch64) ;;
  *) warn "$(uname -s) $(uname -m) is untested; only Linux on x86_64 and aarch64 is supported" ;;
esac
if $system; then
  find_python >/dev/null || [[ -x $python ]] || system_packages python3 python3-venv
  system_packages "${SYSTEM_PACKAGES[@]}"
  if [[ $extras == *dev* ]]; then test_packages; fi
fi
[[ -x $python ]] || make_environment
supported "$python" || die "$environment has $("$python" --version), 3.10 to 3.12 are needed; remove it and run again"
begin_native
install_packages
end_native
if $ascend; then check_ascend; fi
say "ready: $python"
