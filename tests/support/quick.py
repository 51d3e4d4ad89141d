"""wg-quick with our daemon, also on a machine whose kernel has WireGuard itself."""

from pathlib import Path

from .daemon import program
from .netns import Host

# wg-quick asks for a kernel interface first. These two make that fail as on a kernel without one:
# bash takes an exported function before the program, and wg-quick gives up without falling back
# when it sees the kernel's module.
NO_KERNEL_WIREGUARD = {
    "BASH_FUNC_ip%%": '() { [[ "$*" != "link add "*" type wireguard" ]] && command ip "$@"; }'}


class WgQuick:
    """`wg-quick` in one host, with configuration files in `folder`."""

    def __init__(self, host: Host, folder: Path):
        self.host, self.folder = host, folder
        self.env = {**NO_KERNEL_WIREGUARD, "WG_QUICK_USERSPACE_IMPLEMENTATION": program()}
        host.run("mount", "-t", "tmpfs", "tmpfs", "/sys/module")

    def write(self, interface: str, text: str) -> Path:
        """Writes IF.conf. The name of the file is the name of the interface."""
        path = self.folder / f"{interface}.conf"
        path.write_text(text)
        path.chmod(0o600)
        return path

    def _run(self, verb: str, path: Path) -> str:
        done = self.host.run("wg-quick", verb, str(path), env=self.env)
        return done.stdout + done.stderr

    def up(self, path: Path) -> str:
        return self._run("up", path)

    def down(self, path: Path) -> str:
        return self._run("down", path)

    def save(self, path: Path) -> str:
        return self._run("save", path)
