"""Keys stay out of swap on a system that lets root lock memory, which a container's root may not.

The guest is such a system. Whoever runs the tests on another finds the same, and traffic, in
tests/e2e/test_confinement.py.
"""

import base64
import os
from typing import Iterator

import pytest

import peers
from conftest import insist_on
from guest import Guest
from support.daemon import program
from support.memory import kib, mappings, swappable_kib
from support.netns import Net

_COUNT = 300


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    insist_on(peers.Kernel())
    with Net() as net:
        made = Guest("guest", peers.PEERS / "kernel", net.host("outside"), "guest",
                     more_programs=(program(),), more_modules=("tun",))
        made.run("mkdir", "-p", "/var/run")
        yield made
        made.close()


def _smaps(guest: Guest) -> str:
    return guest.run("sh", "-c", "cat /proc/$(pidof wring)/smaps").stdout


def test_no_page_that_holds_data_may_be_swapped_out(guest):
    guest.run("sh", "-c", "ulimit -l 64 && exec /programs/wring wg0")
    key = base64.b64encode(os.urandom(32)).decode()
    guest.run("wg", "set", "wg0", "private-key", "/dev/stdin", input=key)
    guest.ip("link", "set", "wg0", "up")
    before = _smaps(guest)
    for first in range(0, _COUNT, 50):  # A command line has its limit.
        guest.run("wg", "set", "wg0", *(
            word for number in range(first, first + 50)
            for word in ("peer", base64.b64encode(os.urandom(32)).decode(),
                         "allowed-ips", f"10.{number // 250}.{number % 250}.0/24")))
    after = _smaps(guest)
    data = [sum(kib(each["Anonymous"]) for each in mappings(smaps)) for smaps in (before, after)]
    assert data[1] > data[0]  # What is allocated later is locked, too.
    assert swappable_kib(after) == 0
    # Nothing was touched for it: the address space is many times as large.
    assert data[1] < 8 * 1024 < 64 * 1024 < sum(kib(each["Size"]) for each in mappings(after))
