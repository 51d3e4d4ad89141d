#!/usr/bin/env bash
# Makes a site of the documents: build/site/html. Usage: tools/site.sh [FOLDER]
#
# mkdocs comes from PyPI, into FOLDER/venv (build/site without a word). A dead link is an error.
# Exit status 77: PyPI cannot be reached.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(realpath -m "${1:-build/site}")
wanted=tools/site/requirements.txt
mkdir -p "$folder"

if ! cmp -s "$wanted" "$folder/installed.txt"; then
  rm -rf "$folder/venv"
  python3 -m venv "$folder/venv" || {
    echo "site: cannot make a virtual environment; install python3-venv" >&2
    exit 1
  }
  if ! "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-input \
    --retries 1 --timeout 20 --only-binary :all: --requirement "$wanted" 2>"$folder/pip.log"; then
    cat "$folder/pip.log" >&2
    # pip says this of a registry that does not answer, and not of a version that is not there.
    grep -qE 'onnection|timed out|ProxyError|name resolution' "$folder/pip.log" || exit 1
    echo "site: skipped, because PyPI cannot be reached" >&2
    exit 77
  fi
  cp "$wanted" "$folder/installed.txt"
fi

rm -rf "$folder/pages" "$folder/html"
python3 -B tools/site/pages.py "$folder"
# Not by --quiet, which has --strict overlook warnings.
"$folder/venv/bin/mkdocs" build --strict --config-file "$folder/mkdocs.yml" \
  2>"$folder/mkdocs.log" || {
  grep -E 'WARNING|ERROR|Aborted' "$folder/mkdocs.log" >&2 || cat "$folder/mkdocs.log" >&2
  exit 1
}
echo "site: $(find "$folder/html" -name '*.html' | wc -l) pages in $folder/html"
