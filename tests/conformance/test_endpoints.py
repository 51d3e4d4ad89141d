"""Where peers are and by which way they are reached: P27 to P30."""

import os
import sys

import pytest

from rig import OUTER4, OUTER6, PORT, Wring, endpoint_of, forged
from support.daemon import program
from support.waiting import eventually
from wire import messages
from wire.handshake import Responder
from wire.messages import DATA, INITIATION

_DENY = os.path.join(os.path.dirname(__file__), "..", "support", "deny_syscall.py")


def test_p27_bringing_the_interface_up_sends_a_keepalive_at_once():
    with Wring("--workers", "1", up=False) as wring:
        peer = wring.peer("persistent_keepalive_interval=25")
        for _ in range(2):
            assert peer.listen(0.2) == []
            wring.bring_up()
            # There is no session to send it on, so a handshake goes before.
            assert peer.expect(INITIATION, 2.0)
            wring.host.ip("link", "set", "wg0", "down")
            peer.listen(0.2)


def test_p28_the_endpoint_follows_authenticated_data(peer):
    session = peer.initiate()
    with peer.outer_socket() as elsewhere:
        peer.tell(session, b"moved", by=elsewhere)
        assert peer.heard() == b"moved"
        assert peer.state()["endpoint"] == endpoint_of(elsewhere)
        peer.say(b"follows")
        assert session.open(peer.expect(DATA, by=elsewhere).bytes)
    peer.send(session.seal(b""))  # A keepalive moves it as well.
    eventually(lambda: peer.state()["endpoint"] == peer.endpoint, "it has moved back")


def test_p28_the_endpoint_follows_an_initiation(peer):
    with peer.outer_socket() as elsewhere:
        peer.initiate(confirm=False, by=elsewhere)
        assert peer.state()["endpoint"] == endpoint_of(elsewhere)


def test_p28_the_endpoint_follows_a_response_and_not_a_cookie_reply(peer):
    peer.say(b"staged")
    initiation = peer.expect(INITIATION).bytes
    with peer.outer_socket() as elsewhere:
        reply = messages.cookie_reply(messages.sender_of(initiation), peer.key.public,
                                      messages.mac1_of(initiation), b"c" * 16)
        before = peer.wring.control.dropped()["cookie_unsolicited"]
        for _ in range(2):  # The first one is taken, as it shows in that the second is not.
            peer.send(reply, elsewhere)
        response, session = Responder(peer.key, initiation).respond()
        bad = messages.with_macs(forged(response, 44)[:-32], peer.wring.key.public)
        refused = peer.wring.control.dropped()["response_forged"]
        peer.send(bad, elsewhere)
        eventually(lambda: peer.wring.control.dropped()["response_forged"] > refused, "all came")
        assert peer.wring.control.dropped()["cookie_unsolicited"] == before + 1
        assert peer.state()["endpoint"] == peer.endpoint
        peer.send(response, elsewhere)
        assert session.open(peer.expect(DATA, by=elsewhere).bytes)
        assert peer.state()["endpoint"] == endpoint_of(elsewhere)


@pytest.mark.parametrize("family", [4, 6])
def test_p28_a_peer_may_move_between_ipv4_and_ipv6(wring, family):
    peer = wring.peer(family=family)
    session = peer.initiate()
    other = wring.peer(family=10 - family, settle=False)
    other.send(session.seal(peer.packet(b"moved")))
    assert peer.heard() == b"moved"
    peer.say(b"follows")
    assert session.open(other.expect(DATA).bytes)
    peer.configure("remove=true")


@pytest.mark.parametrize("second", ["10.7.0.9", "fd07:0::9"])
def test_p29_answers_leave_from_the_address_that_was_asked_until_it_goes(own_wring, second):
    family, length, first = (6, 64, OUTER6) if ":" in second else (4, 24, OUTER4)
    own_wring.host.add_address("eth0", f"{second}/{length}")
    peer = own_wring.peer(family=family)
    peer.wring_address = second
    initiator = peer.initiation()
    peer.send(initiator.message)
    response = peer.receive(5.0)
    assert _same(response.source[0], second)
    session = initiator.finish(response.bytes)
    peer.tell(session, b"hello")
    assert peer.heard() == b"hello"
    for _ in range(3):
        peer.say(b"answer")
        assert _same(peer.expect(DATA).source[0], second)
    # It is forgotten with the first send that fails; what was to be sent may be lost or not.
    own_wring.host.ip("address", "del", f"{second}/{length}", "dev", "eth0")
    peer.wring_address = first

    def answered_from_the_first():
        peer.say(b"again")
        return any(_same(each.source[0], first) for each in peer.listen(0.1, DATA))
    eventually(answered_from_the_first, "the other address is used")
    peer.wring_address = first
    assert peer.works(session)


def _same(one, other):
    return one.replace("fd07::", "fd07:0::") == other


@pytest.mark.parametrize("change", ["listen_port=51999", "fwmark=9"])
def test_p29_a_new_port_or_fwmark_makes_wring_forget_the_source(own_wring, change):
    own_wring.host.add_address("eth0", "10.7.0.9/24")
    peer = own_wring.peer()
    peer.wring_address = "10.7.0.9"
    session = peer.initiate()
    peer.say(b"before")
    assert peer.expect(DATA).source[0] == "10.7.0.9"
    own_wring.control.must_set(change)
    peer.say(b"after")
    message = peer.expect(DATA)
    assert session.open(message.bytes) and message.source[0] == OUTER4


def test_p30_the_port_changes_while_running_and_zero_picks_one(own_wring):
    peer = own_wring.peer()
    session = peer.initiate()
    for asked in (52000, 52001, 0):
        own_wring.control.must_set(f"listen_port={asked}")
        port = own_wring.port()
        assert port == asked or (asked == 0 and port not in (0, PORT, 52001))
        peer.say(b"from the new one")
        message = peer.expect(DATA)
        assert session.open(message.bytes) and message.source[1] == port
        peer.outside.sendto(session.seal(peer.packet(b"to the new one")), (OUTER4, port))
        assert peer.heard() == b"to the new one"


def test_p30_the_fwmark_is_on_what_leaves_and_can_change_while_running(own_wring):
    peer = own_wring.peer()
    session = peer.initiate()
    assert peer.works(session)
    own_wring.host.ip("rule", "add", "fwmark", "0x77", "prohibit")
    assert peer.works(session)
    own_wring.control.must_set("fwmark=119")
    assert own_wring.control.get()[0]["fwmark"] == "119"
    before = own_wring.control.dropped()["send_error"]
    peer.say(b"marked")
    eventually(lambda: own_wring.control.dropped()["send_error"] > before, "it is prohibited")
    own_wring.control.must_set("fwmark=0")
    assert "fwmark" not in own_wring.control.get()[0]
    peer.listen(0.1)
    assert peer.works(session)


def test_p30_a_host_whose_kernel_has_no_ipv6_works_by_ipv4():
    denied = [sys.executable, _DENY, "socket_inet6", "EAFNOSUPPORT", program(), "-f"]
    with Wring(command=denied) as wring:
        peer = wring.peer()
        assert peer.works(peer.initiate())


def test_p30_a_host_with_ipv6_switched_off_works_by_ipv4():
    def without_ipv6(host):
        host.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
    with Wring(prepare=without_ipv6) as wring:
        peer = wring.peer()
        assert peer.works(peer.called())


def test_p30_a_host_without_ipv4_addresses_works_by_ipv6():
    def without_ipv4(host):
        host.ip("-4", "address", "flush", "dev", "eth0")
    with Wring(prepare=without_ipv4) as wring:
        peer = wring.peer(family=6)
        assert peer.works(peer.called())
