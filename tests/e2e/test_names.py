"""Peers of `wring run` whose endpoints are names: found late, looked up again, and in turn."""

from pathlib import Path

import pytest

from support import wg
from support.run_state import assert_clean, know, pair_of_files
from support.running import Run
from support.transfer import ping
from support.waiting import eventually


def _endpoints(host):
    return host.run("wg", "show", "wg0", "endpoints").stdout


def test_a_name_that_is_not_known_yet_holds_up_no_other_peer(pair, tmp_path):
    a, b = pair
    know(a, tmp_path, "192.0.2.1 some.example")
    left, right = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    named = (f"[Peer]\nPublicKey = {wg.new_keys().public}\nEndpoint = later.example:7\n"
             "AllowedIPs = 10.9.1.0/24\n")
    Path(left).write_text(Path(left).read_text() + named)
    with Run(b, right), Run(a, left) as run:
        assert ping(a, "10.9.0.2").lost == 0
        eventually(lambda: "address of later.example" in run.log(), "the failure is told")
        know(a, tmp_path, "192.0.2.1 later.example")
        eventually(lambda: "192.0.2.1:7" in _endpoints(a), "the name is found", 20.0)
        assert "later.example is now at 192.0.2.1:7" in run.log()


def test_a_default_route_waits_for_the_name_of_its_peer(pair, tmp_path):
    a, b = pair
    b.add_address("lo", "192.0.2.1/32")
    know(a, tmp_path, "192.0.2.1 some.example")
    left, right = pair_of_files(tmp_path, "0.0.0.0/0", "b.example:51820")
    with Run(b, right), Run(a, left) as run:
        assert "the default route and DNS wait" in run.log()
        assert "51820" not in a.ip("rule", "show")
        know(a, tmp_path, "10.7.0.2 b.example")
        eventually(lambda: "51820" in a.ip("rule", "show"), "the default route is set up", 20.0)
        eventually(lambda: a.run("nft", "list", "tables").stdout != "", "it is protected")
        assert ping(a, "192.0.2.1").lost == 0
    assert_clean(a, "wg0")


def _let_wait(far: str) -> None:
    """The far side does not know where to look, or its own handshakes would help."""
    file = Path(far)
    file.write_text(file.read_text().replace("Endpoint = 10.7.0.1:51820\n", ""))


# Real time: a handshake is given up after 90 s, and the engine is asked every 15 s.
_GIVEN_UP_S = 90 + 2 * 15 + 15


@pytest.mark.slow
def test_a_name_is_looked_up_again_when_its_peer_does_not_answer(pair, tmp_path):
    a, b = pair
    know(a, tmp_path, "10.7.0.77 b.example")
    left, right = pair_of_files(tmp_path, "10.9.0.2/32", "b.example:51820")
    _let_wait(right)
    with Run(b, right), Run(a, left) as run:
        eventually(lambda: "10.7.0.77:51820" in _endpoints(a), "the first address is taken")
        # The peer moves. Nothing tells us but its silence.
        know(a, tmp_path, "10.7.0.2 b.example")
        assert ping(a, "10.9.0.2", count=1).received == 0
        eventually(lambda: "b.example is now at 10.7.0.2:51820" in run.log(),
                   "the name is looked up again", _GIVEN_UP_S)
        eventually(lambda: ping(a, "10.9.0.2", count=1).received == 1, "it answers", 20.0)


@pytest.mark.slow
def test_the_addresses_of_a_name_are_tried_in_turn(pair, tmp_path):
    a, b = pair
    # The resolver puts IPv6 first, where nobody answers.
    know(a, tmp_path, "fd07:0::77 b.example\n10.7.0.2 b.example")
    left, right = pair_of_files(tmp_path, "10.9.0.2/32", "b.example:51820")
    _let_wait(right)
    with Run(b, right), Run(a, left):
        eventually(lambda: ":51820" in _endpoints(a), "an address is taken")
        eventually(lambda: "10.7.0.2:51820" in _endpoints(a), "the other one is tried",
                   _GIVEN_UP_S)
        eventually(lambda: ping(a, "10.9.0.2", count=1).received == 1, "it answers", 20.0)
