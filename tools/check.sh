#!/usr/bin/env bash
# What to run before a commit: the format, the rules of the house and the syntax of the scripts, in
# less than a minute. Usage: tools/check.sh
#
# Builds nothing. Headers are compiled alone only if build/dev is configured, clang-tidy is left to
# tools/tidy.sh. tests/tidy/run.py RULE checks one rule by itself.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

failed=()
begin=$SECONDS

git ls-files -z --cached --others --exclude-standard '*.h' '*.cpp' |
  xargs -0 -r clang-format-14 --dry-run --Werror || failed+=("format (clang-format-14 -i FILE)")

for script in tools/*.sh .ci/run; do
  bash -n "$script" || failed+=("$script")
done

build=()
[ ! -f build/dev/compile_commands.json ] || build=(--build build/dev)
python3 -B tests/tidy/run.py "${build[@]}" || failed+=("rules, see above")

if [ ${#failed[@]} -ne 0 ]; then
  printf 'check: FAILED: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "check: passed after $((SECONDS - begin)) s"
