"""systemd-resolved in a host: the real one, with a bus of its own."""

import os
import subprocess
from pathlib import Path
from typing import Optional

from .netns import Host
from .waiting import eventually

_ROOT = Path(__file__).resolve().parents[2]
_UNPACKED = Path(os.environ.get("WRING_PEERS", _ROOT / "build/peers")) / "resolved"
_LIBRARIES = ":".join(str(_UNPACKED / part) for part in (
    "lib/x86_64-linux-gnu/systemd", "usr/lib/x86_64-linux-gnu/systemd",
    "lib/aarch64-linux-gnu/systemd", "usr/lib/aarch64-linux-gnu/systemd"))
_USER = 992
# Everybody may do everything: it is a bus of the test's own.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
<policy context="default"><allow user="*"/><allow own="*"/>
<allow send_destination="*" eavesdrop="true"/><allow receive_sender="*"/></policy></busconfig>
"""
_START = f"""
mkdir -p /run/dbus /run/systemd/resolve
for file in passwd group; do
  grep -v '^systemd-resolve:' /etc/$file > /run/$file
done
echo 'systemd-resolve:x:{_USER}:{_USER}::/:/usr/sbin/nologin' >> /run/passwd
echo 'systemd-resolve:x:{_USER}:' >> /run/group
for file in passwd group; do
  mount --bind /run/$file /etc/$file
done
chown {_USER}:{_USER} /run/systemd/resolve
cat > /run/bus.conf
"""


def obstacle() -> Optional[str]:
    """Why there is none to be had; None if there is."""
    if not (_UNPACKED / "lib/systemd/systemd-resolved").exists():
        return f"no systemd-resolved in {_UNPACKED}: tools/install-peers.sh"
    return None


class Resolved:
    """Runs until the host ends. `env` has resolvectl on its PATH."""

    def __init__(self, host: Host):
        self.host = host
        self.env = {"PATH": f"{_UNPACKED}/usr/bin:{os.environ['PATH']}",
                    "LD_LIBRARY_PATH": _LIBRARIES}
        host.run("sh", "-ec", _START, input=_BUS)
        host.popen("dbus-daemon", "--config-file=/run/bus.conf", "--nofork",
                   stderr=subprocess.DEVNULL)
        eventually(lambda: self._exists("/run/dbus/system_bus_socket"), "the bus is up")
        host.popen("env", f"LD_LIBRARY_PATH={_LIBRARIES}",
                   str(_UNPACKED / "lib/systemd/systemd-resolved"), stderr=subprocess.DEVNULL)
        eventually(lambda: self.ctl("status", check=False).returncode == 0,
                   "systemd-resolved answers", 20.0)

    def _exists(self, path: str) -> bool:
        return self.host.run("test", "-e", path, check=False).returncode == 0

    def ctl(self, *words: str, check: bool = True) -> subprocess.CompletedProcess:
        variables = [f"{name}={value}" for name, value in self.env.items()]
        return self.host.run("env", *variables, "resolvectl", *words, check=check)

    def of_link(self, interface: str) -> tuple[list[str], list[str]]:
        """The servers and the domains that it has for an interface."""
        found = []
        for verb in ("dns", "domain"):
            line = self.ctl(verb, interface).stdout.strip()
            found.append(line.split(": ", 1)[1].split() if ": " in line else [])
        return found[0], found[1]
