#!/usr/bin/env bash
# Runs clang-tidy over src; status 0 where it finds nothing. Usage: tools/tidy.sh [FOLDER...]
#
# Most of its time goes into reading headers. So a folder's files are read as one, which takes a
# third of the time; a folder whose files share names of their own goes file by file. A folder that
# passed is not looked at again until it, a header or .clang-tidy changes. Needs a configured dev
# preset, or makes one.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# Two files of these folders give the same name to different things.
apart=" crypto daemon ip netlink tun "
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

# check FOLDER: prints what is found.
check() {
  local folder=$1 stamp files=() file options=() failed=0
  mapfile -t options < <(flags "$folder")
  stamp=$work/passed/$({ cat .clang-tidy src/*/*.h "src/$folder"/*.cpp
    printf '%s\n' "${options[@]}"; } | sha256sum | cut -d' ' -f1)
  [ ! -e "$stamp" ] || return 0
  if [[ $apart == *" $folder "* ]]; then
    files=("src/$folder"/*.cpp)
  else
    files=("$work/$folder.cpp")
    printf "#include \"$PWD/%s\"\n" "src/$folder"/*.cpp >"${files[0]}"
  fi
  for file in "${files[@]}"; do
    clang-tidy-14 -quiet --config-file=.clang-tidy --checks=-bugprone-suspicious-include \
      "$file" -- -std=c++20 "${options[@]}" 2>/dev/null || failed=1
  done
  if [ "$failed" -ne 0 ]; then
    echo "tidy: src/$folder: see above; the checks are in .clang-tidy"
    return 1
  fi
  touch "$stamp"
}
export -f check flags
export apart work

folders=("$@")
[ $# -gt 0 ] ||
  mapfile -t folders < <(find src -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
printf '%s\n' "${folders[@]}" | xargs -P "$(nproc)" -I{} bash -c 'check {}'
