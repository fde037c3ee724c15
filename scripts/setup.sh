#!/usr/bin/env bash
# Make .venv: a private uv from the package index, then everything pinned by hash, then this tree, editable.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 2; }

command -v "$python" >/dev/null || die "no $python here. Cure: apt-get install python3 python3-venv"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
  die "$("$python" --version) is not supported. Cure: make setup PYTHON=python3.11 (or 3.12, 3.13)"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  die "$python cannot make virtual environments. Cure: apt-get install python3-venv"

if [ ! -x .uv/bin/uv ]; then
  say "Fetching uv (once)"
  "$python" -m venv .uv
  .uv/bin/python -m pip --quiet --disable-pip-version-check install --no-deps --require-hashes -r build-constraints.txt
fi
export UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=${UV_LINK_MODE:-copy}
say "Making .venv (downloads about 300 MB the first time, models included)"
.uv/bin/uv venv --quiet --allow-existing --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
.uv/bin/uv pip sync --python .venv/bin/python --require-hashes constraints.txt
.uv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation "$@"
