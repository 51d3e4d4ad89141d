"""A minimal Debian that systemd has started, in a container of podman."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Optional

from support.waiting import eventually

# Serves one line at an address and port, for ever. perl is there in the smallest Debian.
SERVER = ("use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalAddr => $ARGV[0], Listen => 9, "
          'ReuseAddr => 1) or die; while (my $c = $s->accept) { print $c "the page\\n"; close $c }')


class Podman:
    """With storage of its own, in a folder with a short path, which it empties at the end."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.prefix: list[str] = []  # words before "podman", which run it elsewhere
        self._options = [f"--root={folder}/storage", f"--runroot={folder}/state",
                         "--runtime=runc", "--cgroup-manager=cgroupfs", "--events-backend=none",
                         "--log-level=error"]
        # Higher limits than those of the test itself would take a privilege that it may lack.
        self.limits = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096"]

    def run(self, *words: str, check: bool = True, input: Optional[str] = None,
            timeout: float = 300.0) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(*words), input=input, text=True, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and done.returncode != 0:
            raise AssertionError(f"podman {' '.join(words)}: status {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def command(self, *words: str) -> list[str]:
        return [*self.prefix, "podman", *self._options, *words]

    def pid(self, container: str) -> int:
        """That of its process 1."""
        return int(self.run("inspect", "--format", "{{.State.Pid}}", container).stdout)

    def close(self) -> None:
        self.run("pod", "rm", "--all", "--force", check=False)
        self.run("rm", "--all", "--force", "--time=0", check=False)
        # It leaves a mount where its storage is.
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        for path in sorted((line.split()[1] for line in mounts), reverse=True):
            if path.startswith(f"{self.folder}/"):
                subprocess.run(["umount", path], stderr=subprocess.DEVNULL)
        # What podman starts at the end of a container may still write there.
        eventually(self._is_removed, "its folder can be removed", 60.0, 0.3)

    def _is_removed(self) -> bool:
        try:
            shutil.rmtree(self.folder)
        except OSError:
            return False
        return True


class Machine:
    """No network but its own loopback. `debs` are its /debs, `following` its /next."""

    NAME = "machine"

    def __init__(self, podman: Podman, root: Path, debs: Path, following: Path):
        self.podman = podman
        podman.run("run", "--detach", f"--name={self.NAME}", "--systemd=always", "--privileged",
                   "--network=none", *podman.limits, f"--volume={debs}:/debs:ro",
                   f"--volume={following}:/next:ro", "--rootfs", f"{root}:O", "/sbin/init")
        eventually(lambda: self.run("systemctl", "is-system-running",
                                    check=False).stdout.strip() == "running",
                   "systemd has started everything", 60.0, 0.3)
        # As systemd has it on a host: credentials of services are mounted by it.
        self.run("mount", "--make-rshared", "/")

    def run(self, *argv: str, check: bool = True, user: str = "root",
            input: Optional[str] = None) -> subprocess.CompletedProcess:
        stdin = [] if input is None else ["--interactive"]
        return self.podman.run("exec", f"--user={user}", *stdin, self.NAME, *argv, check=check,
                               input=input)

    def shell(self, script: str, *words: str, check: bool = True, user: str = "root"
              ) -> subprocess.CompletedProcess:
        return self.run("bash", "-c", script, "bash", *words, check=check, user=user)

    def write(self, path: str, text: str) -> None:
        self.podman.run("exec", "--interactive", self.NAME, "sh", "-c",
                        'mkdir -p "${0%/*}" && umask 077 && cat > "$0"', path, input=text)

    def from_outside(self, *argv: str) -> str:
        """A program of this host in the network of the machine, which has none of its own."""
        inside = ["nsenter", "--target", str(self.podman.pid(self.NAME)), "--net", "--"]
        return subprocess.run([*inside, *argv], check=True, text=True, timeout=30,
                              stdout=subprocess.PIPE).stdout

    def service(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit."""
        shown = self.run("systemctl", "show", unit, *(f"--property={name}" for name in names))
        return dict(line.split("=", 1) for line in shown.stdout.splitlines())

    def interfaces(self) -> dict[str, dict]:
        """What `wring show` shows, by name."""
        shown = json.loads(self.run("wring", "show", "--json").stdout)
        return {one["name"]: one for one in shown["interfaces"]}
