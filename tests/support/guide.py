"""Follows a page of docs/guides word for word: its files and commands, in its hosts.

The info string of a fence says what a block is:

    ```ini host=office file=/etc/wireguard/wg0.conf    the file, as it is to be
    ```sh host=office                                  commands for bash; each has to succeed
    ```sh host=office status=1,2                       the last of them ends with one of these
    ```sh host=office output=OFFICE_KEY                the last line printed is what the page calls
                                                       OFFICE_KEY; later blocks have it filled in
    ```sh host=office stays                            one `wring run` that stays in the foreground
    ```text shown                                      lines that the commands before have printed,
                                                       with ... for what differs

Several hosts with commas do the same, in order; `*` in `output` is the host's name in capitals.
A block without a host is a picture, but one of `sh` has to have a host.
"""

import os
import re
import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .daemon import program
from .netns import Host
from .running import Run

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "guides"
_FENCE = re.compile(r"^```(\w*)[ \t]*([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OPTIONS = {"host", "file", "output", "stays", "shown", "status"}


@dataclass(frozen=True)
class Block:
    language: str
    options: dict[str, str]
    text: str

    @property
    def hosts(self) -> list[str]:
        return self.options["host"].split(",") if "host" in self.options else []


def blocks(page: str) -> list[Block]:
    """Those of a page that are to be followed."""
    found = []
    for language, info, text in _FENCE.findall((FOLDER / page).read_text(encoding="utf-8")):
        options = dict(word.partition("=")[::2] for word in info.split())
        assert set(options) <= _OPTIONS, f"{page}: what is '{info}'?"
        assert language != "sh" or "host" in options, f"{page}: no host for:\n{text}"
        if options:
            found.append(Block(language, options, text))
    assert found, f"{page} has nothing to follow"
    return found


class Reader:
    """Somebody who follows a page in hosts that are made for it. As a context manager it ends what
    stays in the foreground, and expects that each ends well."""

    def __init__(self, page: str, hosts: dict[str, Host]):
        self.hosts, self.runs = hosts, dict[str, Run]()
        self._blocks, self._words, self._shown = list[Block](), dict[str, str](), ""
        self._own, self._stack = set[tuple[str, str]](), ExitStack()
        self.turn_to(page)

    def turn_to(self, page: str) -> None:
        """Goes on with another page, with the files, keys and tunnels that are there."""
        self._blocks += blocks(page)
        folders = {os.path.dirname(block.options["file"])
                   for block in self._blocks if "file" in block.options} | {"/etc/wireguard"}
        places = {(name, folder) for block in self._blocks for name in block.hosts
                  for folder in folders}
        for name, folder in places - self._own:
            self.hosts[name].run("mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", folder)
        self._own |= places

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *error) -> None:
        self._stack.__exit__(*error)

    def follow(self, until: str = "") -> None:
        """Goes on to the end, or through the block that has `until` in it."""
        while self._blocks:
            block = self._blocks.pop(0)
            self._do(block)
            if until and until in block.text:
                return
        assert not until, f"no block that is left has '{until}'"

    def _do(self, block: Block) -> None:
        if "shown" in block.options:
            self._compare(block.text)
            return
        outputs = []
        for name in block.hosts:
            text = self._filled(block.text)
            if "file" in block.options:
                path = Path(self.hosts[name].path(block.options["file"]))
                path.write_text(text, encoding="utf-8")
            elif "stays" in block.options:
                self._stay(name, text)
            else:
                outputs.append(self._command(name, text, block.options.get("status", "0")))
        if outputs:
            self._shown = "".join(outputs)
        if "output" in block.options:
            for name, output in zip(block.hosts, outputs):
                word = block.options["output"].replace("*", name.upper())
                self._words[word] = output.split("\n")[-2]

    def _filled(self, text: str) -> str:
        for word, value in self._words.items():
            text = re.sub(rf"\b{word}\b", value, text)
        left = re.search(r"\b[A-Z0-9]+_(KEY|PSK)\b", text)
        assert not left, f"the page does not say how {left.group()} is made" if left else ""
        return text

    def _command(self, name: str, text: str, status: str) -> str:
        path = f"PATH={os.path.dirname(program())}:{os.environ['PATH']}"
        done = self.hosts[name].run("env", "-C", "/", path, "bash", "-euo", "pipefail", "-c", text,
                                    check=False, timeout=60.0)
        assert str(done.returncode) in status.split(","), \
            f"{name}: status {done.returncode} of:\n{text}{done.stdout}{done.stderr}"
        return done.stdout

    def _stay(self, name: str, text: str) -> None:
        command, verb, *words = shlex.split(text)
        assert (command, verb) == ("wring", "run"), text
        self.runs[name] = self._stack.enter_context(Run(self.hosts[name], *words))

    def _compare(self, text: str) -> None:
        for line in self._filled(text).splitlines():
            pattern = r"\s+".join(re.escape(word) for word in line.split())
            pattern = pattern.replace(re.escape("..."), r".*")
            assert re.search(pattern, self._shown), f"'{line}' is not in:\n{self._shown}"
