"""Fixtures of the end-to-end tests. Each test gets hosts of its own, which vanish with it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.daemon import Daemon, program  # noqa: E402
from support.executing import place  # noqa: E402
from support.needs import pytest_collection_modifyitems, pytest_sessionfinish  # noqa: E402, F401
from support.netns import Net  # noqa: E402
from support.races import no_race, races_are_reported  # noqa: E402, F401
from support.run_state import know, make_resolvconf  # noqa: E402
from support.tunnel import tunnel  # noqa: E402
from support.waiting import eventually  # noqa: E402


@pytest.fixture
def net():
    with Net() as made:
        yield made


@pytest.fixture
def pair(net):
    """Hosts a and b on one cable: 10.7.0.1 and .2, fd07:0::1 and ::2."""
    return net.pair()


@pytest.fixture(scope="module")
def place_():
    """Where a program runs as an ordinary user, for all tests of a file: support/executing.py."""
    with Net() as net:
        yield from place(net.pair())


@pytest.fixture
def host_with_ways(net, tmp_path):
    """A host with a way out for both versions, of different MTUs, a name that is known, and a
    stand-in for resolvconf."""
    host, far = net.host("a"), net.host("far")
    for number, mtu in ((1, 1500), (2, 1400)):
        net.cable(host, f"out{number}", far, f"in{number}", number)
        host.ip("link", "set", f"out{number}", "mtu", str(mtu))
    host.ip("route", "add", "default", "via", "10.7.1.2")
    host.ip("-6", "route", "add", "default", "via", "fd07:2::2")
    # The kernel makes some routes of a new cable a little later.
    for number in (1, 2):
        wanted = ("fe80::/64", f"local fd07:{number}::1", "local fe80::", "multicast ff00::/8")

        def has_routes():
            shown = host.ip("-6", "route", "show", "table", "all", "dev", f"out{number}")
            return all(each in shown for each in wanted)
        eventually(has_routes, f"out{number} has {wanted}")
    know(host, tmp_path, "192.0.2.5 demo.wireguard.com test.wireguard.com")
    make_resolvconf(tmp_path)
    return host


@pytest.fixture
def ends(pair):
    """A tunnel between a and b: 10.9.0.1 and .2, fd09::1 and ::2, over IPv4."""
    with tunnel(*pair) as both:
        yield both


@pytest.fixture
def host_of_both(net):
    """A host with wg0, which wring's commands change, and wg1, which `wg` changes."""
    host = net.host("a")
    with Daemon(host, "wg0", log_level="error"), Daemon(host, "wg1", log_level="error"):
        yield host


@pytest.fixture
def deny_syscall():
    """Makes the command line of a foreground daemon in which one system call fails."""
    script = Path(__file__).resolve().parents[1] / "support" / "deny_syscall.py"
    return lambda name, error: ["/usr/bin/python3", str(script), name, error, program(), "-f"]
