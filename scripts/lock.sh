#!/usr/bin/env bash
# Resolve every distribution of this tree together and pin it by hash; no address of any index is written.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  .uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate "$@"
}
[ -x .uv/bin/uv ] || { python3 -m venv .uv && .uv/bin/python -m pip --quiet install uv; }
compile --no-emit-package agentd --group dev pyproject.toml plugins/*/pyproject.toml -o constraints.txt
printf 'uv\n' | compile - -o build-constraints.txt
