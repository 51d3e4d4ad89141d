"""Fixtures of the end-to-end tests. Each test gets hosts of its own, which vanish with it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.daemon import program  # noqa: E402
from support.needs import pytest_collection_modifyitems, pytest_sessionfinish  # noqa: E402, F401
from support.netns import Net  # noqa: E402
from support.races import no_race, races_are_reported  # noqa: E402, F401
from support.tunnel import tunnel  # noqa: E402


@pytest.fixture
def net():
    with Net() as made:
        yield made


@pytest.fixture
def pair(net):
    """Hosts a and b on one cable: 10.7.0.1 and .2, fd07:0::1 and ::2."""
    return net.pair()


@pytest.fixture
def ends(pair):
    """A tunnel between a and b: 10.9.0.1 and .2, fd09::1 and ::2, over IPv4."""
    with tunnel(*pair) as both:
        yield both


@pytest.fixture
def deny_syscall():
    """Makes the command line of a foreground daemon in which one system call fails."""
    script = Path(__file__).resolve().parents[1] / "support" / "deny_syscall.py"
    return lambda name, error: ["/usr/bin/python3", str(script), name, error, program(), "-f"]
