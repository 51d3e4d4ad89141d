"""`wring setconf`, `addconf`, `syncconf` and `showconf` beside those of the real `wg`."""

import pytest

from support import wg
from support.daemon import program
from support.transfer import ping

A, B, C = (wg.new_keys().public for _ in range(3))
PRIVATE, PSK = wg.new_keys().private, wg.new_psk()


@pytest.fixture(name="host")
def _host(host_of_both):
    return host_of_both


def settled(host, interface):
    """The interface's state, whatever the order of its peers."""
    first, *peers = host.run("wg", "show", interface, "dump").stdout.splitlines()
    return [first, *sorted(peers)]


def both(host, verb, text):
    ours = host.run(program(), verb, "wg0", "/dev/stdin", input=text, check=False)
    theirs = host.run("wg", verb, "wg1", "/dev/stdin", input=text, check=False)
    assert ours.returncode == theirs.returncode, ours.stderr + theirs.stderr
    assert settled(host, "wg0") == settled(host, "wg1")
    return ours


INTERFACE = f"[Interface]\nPrivateKey = {PRIVATE}\nListenPort = 4000\nFwMark = 0x77\n"
PEER_A = (f"[Peer]\nPublicKey = {A}\nPresharedKey = {PSK}\nAllowedIPs = 10.0.0.0/8, fd00::/8\n"
          "Endpoint = 192.0.2.1:99\nPersistentKeepalive = 25\n")
PEER_B = f"[Peer]\nPublicKey = {B}\nAllowedIPs = 172.16.0.0/12\nEndpoint = [fe80::1%lo]:7\n"
PEER_C = f"[Peer]\nPublicKey = {C}\n"

# Each file on top of all before it.
FILES = [
    INTERFACE + PEER_A + PEER_B,
    INTERFACE + PEER_A + PEER_B + PEER_C,
    INTERFACE + PEER_B + PEER_A,
    INTERFACE + PEER_A.replace("10.0.0.0/8, ", "") + PEER_B.replace("172", "10.0.0.0/8, 172"),
    INTERFACE.replace("0x77", "off") + f"[Peer]\nPublicKey = {A}\n",
    INTERFACE.replace("4000", "4001") + PEER_A.replace("99", "98") + PEER_A.replace(A, C),
    # A peer that is named twice, and a prefix that two peers want.
    INTERFACE + PEER_A + f"[Peer]\nPublicKey = {A}\nAllowedIPs = 10.5.0.0/16\n",
    INTERFACE + PEER_B + PEER_B.replace(B, C),
    INTERFACE + PEER_B + PEER_B.replace(B, C),
    INTERFACE + PEER_B.replace(B, C) + PEER_B,
    "# a comment\n\n[interface]\nprivatekey=" + PRIVATE + "\nlistenport = 4000 # of a comment\n"
    "[peer]\npublickey=" + A + "\nallowedips=10.0.0.0/8\nallowedips=10.1.0.0/16,10.2.0.1\n",
    "[Interface]\nListenPort = 4000\n",
]


@pytest.mark.parametrize("verb", ["setconf", "addconf"])
def test_files_one_after_the_other_have_the_effect_of_wg(host, verb):
    for text in FILES:
        assert both(host, verb, text).returncode == 0


def test_syncconf_leads_where_that_of_wg_leads(host):
    # Up to 1.0.20250521 that of `wg` leaves preshared keys and keepalives that a file has no more.
    for text in FILES[:4]:
        assert both(host, "syncconf", text).returncode == 0


def test_syncconf_from_each_file_to_each_other_is_setconf(host):
    for before in FILES:
        for after in FILES:
            host.run(program(), "setconf", "wg0", "-", input=before)
            host.run(program(), "syncconf", "wg0", "-", input=after)
            host.run(program(), "setconf", "wg1", "-", input=after)
            ours, theirs = settled(host, "wg0"), settled(host, "wg1")
            # Only setconf takes an endpoint away from a peer whose file has none.
            assert list(forget_endpoints(ours, after)) == theirs


def forget_endpoints(lines, text):
    """The lines without the endpoints of peers for which the file has none."""
    named = {line.split(" ")[-1] for section in text.split("[Peer]") if "Endpoint" in section
             for line in section.splitlines() if line.startswith("PublicKey")}
    for line in lines:
        fields = line.split("\t")
        if len(fields) == 8 and fields[0] not in named:
            fields[2] = "(none)"
        yield "\t".join(fields)


def test_syncconf_of_what_is_there_changes_nothing(host):
    host.run(program(), "setconf", "wg0", "-", input=FILES[0])
    shown = host.run("wg", "showconf", "wg0").stdout
    host.run(program(), "syncconf", "wg0", "-", input=shown)
    assert host.run("wg", "showconf", "wg0").stdout == shown


def test_syncconf_keeps_the_sessions_of_peers_that_stay(ends):
    one, two = ends
    assert ping(one.host, two.inner4).lost == 0
    before = one.peer(two).latest_handshake
    text = one.host.run("wg", "showconf", "wg0").stdout
    one.host.run(program(), "syncconf", "wg0", "-", input=text + "\n" + PEER_C)
    one.host.run(program(), "syncconf", "wg0", "-",
                 input=text.replace("[Peer]", "[Peer]\nPersistentKeepalive = 77"))
    assert ping(one.host, two.inner4).lost == 0
    assert (one.peer(two).latest_handshake, one.peer(two).keepalive) == (before, 77)
    one.host.run(program(), "syncconf", "wg0", "-", input=INTERFACE)
    assert wg.show(one.host, "wg0").peers == {}


BAD = [
    "[Interface]\nListenPort = x\n", "[Interface]\nColour = blue\n", "PrivateKey = x\n",
    "[Peer]\nAllowedIPs = 10.0.0.0/8\n", f"[Peer]\nPublicKey = {A}\nAllowedIPs = 10.0.0/8\n",
    f"[Peer]\nPublicKey = {A[:-3]}\n", "[Nothing]\n", "[Interface]\nAddress = 10.0.0.1/24\n",
    f"[Peer]\nPublicKey = {A}\nEndpoint = 192.0.2.1\n", "[Interface]\nListenPort\n",
]


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize("verb", ["setconf", "addconf", "syncconf"])
def test_a_bad_file_changes_nothing_and_the_line_is_named(host, verb, text):
    for interface in ("wg0", "wg1"):
        wg.configure(host, interface, "fwmark", 5)
    done = both(host, verb, text)
    assert done.returncode == 1
    assert done.stderr.startswith("/dev/stdin:")
    assert done.stderr.endswith("has mistakes, see above; nothing was changed\n")
    assert wg.show(host, "wg0").fwmark == 5


def test_showconf_is_that_of_wg_and_setconf_reads_it(host):
    for text in ["[Interface]\n", *FILES]:
        host.run(program(), "setconf", "wg0", "-", input=text)
        ours = host.run(program(), "showconf", "wg0").stdout
        assert ours == host.run("wg", "showconf", "wg0").stdout
        host.run(program(), "setconf", "wg1", "-", input=ours)
        assert settled(host, "wg0") == settled(host, "wg1")


def test_errors_are_one_line(host):
    for words, says in [(("setconf", "wg0", "/no/such/file"), "No such file"),
                        (("setconf", "wg0"), "FILE is required"),
                        (("setconf", "wg7", "/dev/null"), "there are: wg0 wg1"),
                        (("syncconf", "wg7", "/dev/null"), "there are: wg0 wg1"),
                        (("showconf",), "INTERFACE is required"),
                        (("showconf", "wg7"), "there are: wg0 wg1")]:
        done = host.run(program(), *words, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert says in done.stderr and done.stderr.count("\n") == 1
