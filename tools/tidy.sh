#!/usr/bin/env bash
# Runs clang-tidy over src; status 0 where it finds nothing. Usage: tools/tidy.sh [FOLDER...]
#
# Most of its time goes into reading headers. So a folder's files are read as one, which takes a
# third of the time; a file that shares a name of its own with another one is read alone. A folder
# that passed is not looked at again until it, a header or .clang-tidy changes. Needs a configured
# dev preset, or makes one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

work=build/tidy
mkdir -p "$work/passed"
[ -f build/dev/compile_commands.json ] || cmake --preset dev >/dev/null || exit 1

# flags FOLDER: definitions and include paths of its files, one to a line.
flags() {
  python3 - "$1" <<'PYTHON'
import json, shlex, sys
wanted = ("-D", "-I", "-isystem")
with open("build/dev/compile_commands.json", encoding="utf-8") as file:
    for entry in json.load(file):
        if f"/src/{sys.argv[1]}/" in entry["file"]:
            words = shlex.split(entry["command"])
            for word, after in zip(words, words[1:]):
                if word.startswith(wanted):
                    print(word if word != "-isystem" else f"-isystem{after}")
            break
PYTHON
}

# lint FILE OPTION...: what clang-tidy says of it.
lint() {
  clang-tidy-14 -quiet --config-file=.clang-tidy --checks=-bugprone-suspicious-include "$1" -- \
    -std=c++20 "${@:2}" 2>/dev/null
}

# check FOLDER: prints what is found.
check() {
  local folder=$1 stamp together alone=() apart file options=() said failed=0
  # Those that give a name to something else than another file does; the build needs them, too.
  apart=$(sed -n 's/^ *wring_apart(\(.*\))$/ \1 /p' "src/$folder/CMakeLists.txt" | tr '\n' ' ')
  mapfile -t options < <(flags "$folder")
  stamp=$work/passed/$({ cat .clang-tidy src/*/*.h "src/$folder"/*.cpp
    printf '%s\n' "${options[@]}"; } | sha256sum | cut -d' ' -f1)
  [ ! -e "$stamp" ] || return 0
  together=$work/$folder.cpp
  : >"$together"
  for file in "src/$folder"/*.cpp; do
    if [[ $apart == *" ${file##*/} "* ]]; then
      alone+=("$file")
    else
      echo "#include \"$PWD/$file\"" >>"$together"
    fi
  done
  if ! said=$(lint "$together" "${options[@]}"); then
    if [[ $said == *clang-diagnostic-error* ]]; then
      echo "tidy: src/$folder: files share names; each is read alone, which takes long;" \
        "see wring_apart()"
      alone=("src/$folder"/*.cpp)
    else
      echo "$said"
      failed=1
    fi
  fi
  for file in "${alone[@]}"; do
    lint "$file" "${options[@]}" || failed=1
  done
  if [ "$failed" -ne 0 ]; then
    echo "tidy: src/$folder: see above; the checks are in .clang-tidy"
    return 1
  fi
  touch "$stamp"
}
export -f check flags lint
export work

folders=("$@")
[ $# -gt 0 ] ||
  mapfile -t folders < <(find src -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
printf '%s\n' "${folders[@]}" | xargs -P "$(nproc)" -I{} bash -c 'check {}'
