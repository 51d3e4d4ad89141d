"""Places that give a daemon less than root on a host has: a user namespace, a container."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Optional

from .daemon import program
from .netns import Host

_ORDINARY_USER = "54321"
_FIRST_ID = 100000

# Runs a command beside a device of the given mode.
_MAKE_DEVICE = r"""
mount -t tmpfs tmpfs /dev/net && mknod /dev/net/tun c 10 200 && chmod "$0" /dev/net/tun || exit 1
exec "$@"
"""


class UserNamespace(Host):
    """A host whose root is an ordinary user outside: what `unshare -Urnm` or a rootless container
    makes."""

    _MODE = "666"  # As systemd's udev leaves the device.

    def _unshare(self) -> list[str]:
        user = ["setpriv", "--reuid", _ORDINARY_USER, "--regid", _ORDINARY_USER, "--clear-groups",
                "--inh-caps=-all"]
        device = ["unshare", "--mount", "sh", "-c", _MAKE_DEVICE, self._MODE]
        return [*device, *user, "unshare", "--user", "--map-root-user", "--net", "--mount"]

    def _enter_command(self) -> list[str]:
        return ["nsenter", "--target", str(self.pid), "--user", "--net", "--mount", "--"]

    def run(self, *argv: str, input: Optional[str] = None, **options
            ) -> subprocess.CompletedProcess:
        # The test's own pipe belongs to root outside, and /dev/stdin cannot be opened by its name.
        piped = ["sh", "-c", 'cat | "$@"', "sh", *argv] if input else argv
        return super().run(*piped, input=input, **options)


class UserNamespaceWithoutDevice(UserNamespace):
    """Its user may not open /dev/net/tun."""

    _MODE = "600"


class Container:
    """Makes command lines that run a daemon as process 1 of a container of podman. It has
    podman's default capabilities and its default filter of system calls. Its programs are the
    machine's own."""

    def __init__(self, host: Host, folder: Path):
        self._host, self._folder = host, folder
        self._root = folder / "root"
        for name in ("usr", "etc", "dev", "proc", "sys", "run", "tmp", "var"):
            (self._root / name).mkdir(parents=True)
        (self._root / "var" / "run").symlink_to("../run")
        for name in ("bin", "sbin", "lib", "lib64"):
            if os.path.islink(f"/{name}"):
                (self._root / name).symlink_to(f"usr/{name}")
        # `wg` of the host reaches the socket in the container.
        self._sockets = folder / "sockets"
        self._sockets.mkdir()
        host.run("mkdir", "-p", "/run/wireguard")
        host.run("mount", "--bind", str(self._sockets), "/run/wireguard")

    def in_user_namespace(self) -> tuple[str, ...]:
        """Options for a container whose root is another user outside, as in a rootless one, and
        which has a network of its own."""
        device = self._folder / "tun"
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(10, 200))
        os.chmod(device, 0o666)
        os.chmod(self._folder, 0o755)
        for path in (self._root, *self._root.rglob("*"), self._sockets):
            os.chown(path, _FIRST_ID, _FIRST_ID, follow_symlinks=False)
        ids = f"0:{_FIRST_ID}:65536"
        return (f"--uidmap={ids}", f"--gidmap={ids}", "--network=none", "--cap-add=NET_ADMIN", "-v",
                f"{device}:/dev/net/tun")

    def command(self, *options: str, shares_sockets: bool = True) -> list[str]:
        """`options` go to `podman run`. What follows the command goes to the daemon."""
        shared = ["-v", f"{program()}:/wring:ro"]
        if shares_sockets:
            shared += ["-v", f"{self._sockets}:/run/wireguard"]
        return [*self._run(*shared, *options), "/wring", "-f"]

    def command_of_nobody(self, *options: str) -> list[str]:
        """For `wring COMMAND` by the user `nobody`, without a device and without a capability.
        `options` go to `podman run`; the words of the command follow."""
        built = Path(program()).parent
        shared = [word for name in ("wring", "wring-command")
                  for word in ("-v", f"{built / name}:/wring/{name}:ro")]
        return [*self._run("--user=65534:65534", *shared, *options), "/wring/wring"]

    def import_image(self, tar: Path, name: str, *changes: str) -> None:
        """Makes an image of a file system in a tar. `changes` are those of `podman import`."""
        self._host.run(*self._podman(), "import", "--quiet",
                       *(word for change in changes for word in ("--change", change)), str(tar),
                       name, timeout=120.0)

    def command_of_image(self, name: str, *options: str) -> list[str]:
        """Runs the image by its entry point, with nothing of the machine's in it. Words follow."""
        return [*self._podman(), "run", "--rm", *self._LIMITS, *options, name]

    # Higher limits than those of the test itself would take a privilege that it may lack.
    _LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096")

    def _podman(self) -> list[str]:
        mine = [f"--root={self._folder}/storage", f"--runroot={self._folder}/state",
                "--storage-driver=vfs", "--runtime=runc", "--cgroup-manager=cgroupfs",
                "--events-backend=none", "--log-level=error"]
        # The host's namespace of mounts has no control groups, which podman wants to see.
        outside = ["nsenter", f"--mount=/proc/{os.getpid()}/ns/mnt", "--"]
        return [*outside, "podman", *mine]

    def _run(self, *options: str) -> list[str]:
        return [*self._podman(), "run", "--rm", *self._LIMITS, "--env=LOG_LEVEL", "-v",
                "/usr:/usr:ro", *options, "--rootfs", str(self._root)]
