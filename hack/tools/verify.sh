#!/usr/bin/env bash
# Regenerates and lints, then fails if that changed a generated file, or if a document names a test that does not exist.
# It compares before with after, not with the last commit, so uncommitted work does not fail it.
set -euo pipefail

cd "$(git rev-parse --show-toplevel)"

generated=(
  ':(glob)**/go.mod' ':(glob)**/go.sum'
  ':(glob)api/**/zz_generated.*' ':(glob)api/**/applyconfiguration/**'
  ':(glob)internal/karpenter/zz_generated.*'
  config/crd/bases config/rbac docs/reference.md docs/access-table.md docs/metrics.md
)

index=$(mktemp)
trap 'rm -f "$index"' EXIT

# snapshot prints the tree that a commit of everything here would have; the real index stays as it is.
snapshot() {
  cp "$(git rev-parse --git-path index)" "$index" 2>/dev/null || rm -f "$index"
  GIT_INDEX_FILE=$index git add --all
  GIT_INDEX_FILE=$index git write-tree
}

before=$(snapshot)
make --no-print-directory tidy generate manifests api-docs access-docs metrics-docs lint vuln
after=$(snapshot)

changed=$(git diff-tree -r --name-status "$before" "$after" -- "${generated[@]}")
if [[ -n $changed ]]; then
  printf 'verify: these files were out of date and have been regenerated; review and commit them:\n%s\n' "$changed" >&2
  exit 1
fi

unknown=$(git grep --untracked -hoE '`Test[A-Z][A-Za-z0-9]*`' -- '*.md' | tr -d '`' | sort -u | while read -r name; do
  git grep --untracked -qE "func $name\\(" -- '*_test.go' || echo "$name"
done)
if [[ -n $unknown ]]; then
  printf 'verify: documents name these tests, which do not exist:\n%s\n' "$unknown" >&2
  exit 1
fi

echo 'verify: everything generated is up to date'
