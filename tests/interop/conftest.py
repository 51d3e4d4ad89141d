"""Which foreign peers are there, and the hosts that the tests of each run on.

A peer that is not installed is skipped with the reason, unless the environment has CI or
WRING_REQUIRE_PEERS: then it is an error, lest a continuous integration tests nothing for months.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Iterator

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import peers  # noqa: E402  (the path above comes first)
from pairing import Pair  # noqa: E402
from support.daemon import program  # noqa: E402
from support.netns import Net  # noqa: E402

_SKIPPED = 77  # What ctest is told to show as skipped.


def pytest_addoption(parser):
    parser.addoption("--peer", action="append", choices=[peer.name for peer in peers.ALL],
                     help="test with this peer only; may be given several times")


def pytest_generate_tests(metafunc):
    """Every test that asks for a `pair` or `foreign_peer` runs once with each peer."""
    for fixture in {"pair", "foreign_peer"} & set(metafunc.fixturenames):
        wanted = metafunc.config.getoption("peer")
        chosen = [peer for peer in peers.ALL if not wanted or peer.name in wanted]
        metafunc.parametrize(fixture, chosen, ids=lambda peer: peer.name, indirect=True,
                             scope="session")
        break


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    ran = any(reporter.stats.get(kind) for kind in ("passed", "failed", "error"))
    if exitstatus == 0 and not ran:
        session.exitstatus = _SKIPPED


def missing(peer: peers.ForeignPeer) -> str:
    """Why this peer cannot be tested here; empty if it can."""
    if os.geteuid() != 0:
        return "namespaces need root"
    if not shutil.which("busybox"):
        return "busybox is not installed: run tools/install-peers.sh"
    what = peer.missing()
    return f"{what} is not installed: run tools/install-peers.sh" if what else ""


def insist_on(peer: peers.ForeignPeer) -> None:
    """Skips or fails the test if the peer is missing."""
    assert os.path.exists(program()), f"there is no daemon to test at {program()}"
    reason = missing(peer)
    if reason and (os.environ.get("CI") or os.environ.get("WRING_REQUIRE_PEERS")):
        pytest.fail(f"{peer.name}: {reason}")
    elif reason:
        pytest.skip(f"{peer.name}: {reason}")


@pytest.fixture(scope="session")
def pair(request) -> Iterator[Pair]:
    """wring's host and the peer's. A guest boots only once for all the tests that use it."""
    insist_on(request.param)
    with Net() as net:
        yield Pair(net, request.param)


@pytest.fixture(scope="session")
def foreign_peer(request) -> peers.ForeignPeer:
    """A peer that is there."""
    insist_on(request.param)
    return request.param
