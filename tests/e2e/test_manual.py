"""The manual has every command and every option."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.daemon import program

DOCUMENTS = Path(__file__).resolve().parents[2] / "docs"
MANUAL = DOCUMENTS / "man"
PROGRAM = str(Path(program()).with_name("wring-command"))


def help_of(*words):
    return subprocess.run([*words, "--help"], text=True, check=True, timeout=30,
                          stdout=subprocess.PIPE).stdout


def options_in(text):
    """All names of the options that a help text lists."""
    lines = re.findall(r"^  (-\S+)", text, re.MULTILINE)
    return {name for line in lines for name in line.split(",")}


COMMANDS = re.findall(r"^  ([a-z]\S*)", help_of(PROGRAM).split("Subcommands:")[1], re.MULTILINE)
PAGES = {path.name: path.read_text(encoding="utf-8") for path in MANUAL.glob("*.scd")}


def page_of(command):
    (found,) = [text for text in PAGES.values() if f"*wring {command}* " in text.split("# DESC")[0]
                or f"*wring {command}*++" in text.split("# DESC")[0]]
    return found


def test_the_engines_page_has_its_options_and_all_commands():
    page = PAGES["wring.1.scd"]
    for option in options_in(help_of(program())):
        assert f"*{option}*" in page
    for command in COMMANDS:
        assert f"*{command}*" in page


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_page_with_its_options(command):
    page = page_of(command)
    for option in options_in(help_of(PROGRAM, command)) - {"-h", "--help"}:
        assert f"*{option}*" in page


@pytest.mark.parametrize("name", PAGES)
def test_each_page_can_be_made_and_names_only_pages_that_exist(name):
    if not shutil.which("scdoc"):
        pytest.skip("scdoc is missing: tools/install-deps.sh")
    # whatis and apropos find a page by its first name.
    assert PAGES[name].split("# NAME\n\n")[1].split(" - ")[0].split(", ")[0] == name.split(".")[0]
    made = subprocess.run(["scdoc"], input=PAGES[name], text=True, timeout=30,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (made.returncode, made.stderr) == (0, "")
    for page, section in re.findall(r"\*(wring[\w-]*)\*\((\d)\)", PAGES[name]):
        assert f"{page}.{section}.scd" in PAGES or (page, section) == ("wring", "5")


@pytest.mark.parametrize("name", ["faq", "migration", "troubleshooting"])
def test_what_the_help_tells_to_run_can_be_run(name):
    text = (DOCUMENTS / f"{name}.md").read_text(encoding="utf-8")
    calls = {call for call in re.findall(r"`(wring [^`]+)`", text) if "..." not in call}
    assert len(calls) >= 7
    for call in calls:
        words = call.split()[1:]
        known = options_in(help_of(PROGRAM, words[0]) if words[0] in COMMANDS
                           else help_of(program()))
        assert {word for word in words if word.startswith("-")} - {"--"} <= known, call
