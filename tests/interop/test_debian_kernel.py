"""wring carries traffic on Debian's own kernel, Linux 6.1: the oldest whose io_uring it uses.

What the guest runs is wring, and so is what it talks to, outside.
"""

from typing import Iterator

import pytest

import peers
from conftest import insist_on
from guest import Guest
from pairing import all_answered
from support.daemon import program
from support.netns import Host, Net
from support.transfer import await_reach
from support.tunnel import End
from test_foreign_tunnel import send_megabytes


@pytest.fixture(scope="module")
def hosts() -> Iterator[tuple[Host, Guest]]:
    insist_on(peers.Kernel())
    with Net() as net:
        outside = net.host("outside")
        guest = Guest("guest", peers.PEERS / "kernel", outside, peers.LINK,
                      more_programs=(program(),), more_modules=("tun",))
        guest.run("mkdir", "-p", "/var/run")
        peers.give_outer_addresses(outside, "wring")
        peers.give_outer_addresses(guest, "foreign")
        yield outside, guest
        guest.close()


@pytest.mark.parametrize("io", ["uring", "epoll"])
def test_packets_and_rows_of_them_pass_in_both_directions(hosts, io):
    outside, inside = End(hosts[0], 1), End(hosts[1], 2)
    with outside.start():
        inside.host.run("/programs/wring", "--io", io, inside.interface)
        try:
            inside.configure("listen-port", 51820, "private-key", "/dev/stdin",
                             secret=inside.keys.private)
            inside.add_inner_addresses()
            inside.add_peer(outside, peers.OUTER["wring"][4])
            outside.add_peer(inside, peers.OUTER["foreign"][4])
            await_reach(outside.host, inside.inner4)
            for one, other in ((inside, outside), (outside, inside)):
                for address in (other.inner4, other.inner6):
                    assert all_answered(one.host, address)
                send_megabytes(2, one.host, other.host, other.inner4)
        finally:
            inside.host.run("sh", "-c", "kill $(pidof wring)")
            inside.host.run("sh", "-c", "while pidof wring; do sleep 0.1; done")
