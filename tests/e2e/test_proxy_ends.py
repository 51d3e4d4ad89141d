"""How connections through `wring proxy` begin and end: no byte is lost, doubled or out of place."""

import contextlib
import fcntl
import socket
import struct
import termios
import time

import pytest

from support.executing import FAR, INNER, place
from support.netns import Net
from support.proxying import (HTTP, SOCKS, accepted, connected, connected_at, echo_server,
                              listening, proxy, received, reset, socks_address)
from support.waiting import eventually

PATH = "/run/user/ends.sock"
INBOUND, BEHIND = 7100, 7101


@pytest.fixture(scope="module", params=["666", "600"], ids=["tun", "no-device"])
def running(request):
    with Net() as net:
        for made in place(net.pair(), request.param):
            sections = (f"[Socks5]\nBindAddress = 127.0.0.1:{SOCKS}\n"
                        f"[Socks5]\nBindAddress = unix:{PATH}\n"
                        f"[http]\nBindAddress = 127.0.0.1:{HTTP}\n"
                        f"[TCPServerTunnel]\nListenPort = {INBOUND}\n"
                        f"Target = 127.0.0.1:{BEHIND}\n")
            with echo_server(made.far, FAR, 7), proxy(made, sections) as started:
                yield started


@pytest.mark.parametrize("size", [0, 100, 4096, 4097, 12_000])
def test_bytes_that_come_with_the_request(running, size):
    sent = bytes(i % 251 for i in range(size))
    request = b"\5\1\0" + b"\5\1\0" + socks_address(FAR, 7)
    with connected(running.place.host, "127.0.0.1", SOCKS) as client:
        client.sendall(request + sent)
        assert received(client, 12)[:4] == b"\5\0\5\0"
        client.sendall(b"more")
        assert received(client, size + 4) == sent + b"more"


def client_of(running, at_path: bool) -> socket.socket:
    host = running.place.host
    return connected_at(host, PATH) if at_path else connected(host, "127.0.0.1", SOCKS)


@contextlib.contextmanager
def both_ends(running, at_path: bool = False):
    """A client of SOCKS5, and its connection at the far end."""
    with listening(running.place.far, FAR) as server, client_of(running, at_path) as client:
        client.sendall(b"\5\1\0" + b"\5\1\0" + socks_address(FAR, server.getsockname()[1]))
        with accepted(server) as target:
            yield client, target


def test_a_target_that_speaks_first_and_goes(running):
    """Its words come behind the proxy's, and its end comes last."""
    words = b"220 " + b"w" * 100_000
    with both_ends(running) as (client, target):
        target.sendall(words)
        target.close()
        got = b"".join(iter(lambda: client.recv(65536), b""))
        assert (got[:4], got[12:]) == (b"\5\0\5\0", words)


def unsent(client: socket.socket) -> int:
    return struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)))[0]


def send_until_full(target: socket.socket) -> bytes:
    """What it has sent once its client, who reads nothing, has been full for half a second."""
    sent, refused, part = b"", 0, b"a" * 65536
    target.setblocking(False)
    while refused < 10:
        try:
            sent += part[:target.send(part)]
            refused = 0
        except BlockingIOError:
            refused += 1
            time.sleep(0.05)
    target.settimeout(20.0)
    return sent


def read_until_taken(client, target) -> bytes:
    """Reads no more than it takes until all has come to the proxy that the target has sent."""
    got = b""
    while unsent(target):
        try:
            eventually(lambda: unsent(target) == 0, "all is taken", 0.2)
        except AssertionError:
            got += client.recv(262_144)
    return got


@pytest.mark.parametrize("at_path", [False, True], ids=["tcp", "unix"])
@pytest.mark.parametrize("stalls", [False, True])
def test_an_answer_is_whole_although_the_rest_is_refused(running, stalls, at_path):
    """A target that answers, ends, and resets what comes then. Of a client that stalls, some of the
    answer is still on the way."""
    with both_ends(running, at_path) as (client, target):
        answer = send_until_full(target) if stalls else b"a" * 200_000
        if not stalls:
            target.sendall(answer)
        target.shutdown(socket.SHUT_WR)
        assert received(client, 12)[:4] == b"\5\0\5\0"
        client.sendall(b"not wanted")
        assert target.recv(10, socket.MSG_PEEK) == b"not wanted"
        # What is not taken would be lost with a reset.
        got = read_until_taken(client, target)
        reset(target)
        if stalls:
            client.sendall(b"to nobody")
        else:
            is_over(running)
        assert got + received(client, len(answer)) == answer
        is_over(running)


@pytest.mark.parametrize("breaks", ["target", "client"])
def test_a_reset_behind_the_end_ends_the_connection(running, breaks):
    """Although nobody sends anything that would fail."""
    before = running.figure("wring_proxy_broken_total")
    with both_ends(running) as (client, target):
        assert received(client, 12)[:4] == b"\5\0\5\0"
        broken, other = (target, client) if breaks == "target" else (client, target)
        broken.shutdown(socket.SHUT_WR)
        assert other.recv(1) == b""
        reset(broken)
        is_over(running)
    assert running.figure("wring_proxy_broken_total") == before + 1


def test_half_a_page_is_not_taken_for_all_of_it(running):
    """Its end is the end of the connection, and this is a reset."""
    with listening(running.place.far, FAR) as server, \
            connected(running.place.host, "127.0.0.1", HTTP) as client:
        name = f"{FAR}:{server.getsockname()[1]}"
        client.sendall(f"GET http://{name}/ HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        with accepted(server) as target:
            assert target.recv(4096).startswith(b"GET / ")
            half = b"HTTP/1.1 200 OK\r\n\r\nhalf"
            target.sendall(half)
            assert received(client, len(half)) == half
            reset(target)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


@pytest.mark.parametrize("asked", [False, True], ids=["", "after-the-question"])
@pytest.mark.parametrize("breaks", ["peer", "target"])
def test_no_end_is_made_of_a_reset_from_the_tunnel(running, breaks, asked):
    """Of a connection that a peer has made. The other end may have ended its own direction."""
    for _ in range(3):
        with listening(running.place.host, "127.0.0.1", BEHIND) as server, \
                connected(running.place.far, INNER, INBOUND) as peer, accepted(server) as target:
            peer.sendall(b"half")
            assert received(target, 4) == b"half"
            target.sendall(b"half")
            assert received(peer, 4) == b"half"
            broken, other = (peer, target) if breaks == "peer" else (target, peer)
            if asked:
                other.shutdown(socket.SHUT_WR)
                assert broken.recv(1) == b""
            reset(broken)
            with pytest.raises(ConnectionResetError):
                other.recv(1)


def test_the_end_of_what_a_peer_sends_is_passed_on(running):
    with listening(running.place.host, "127.0.0.1", BEHIND) as server, \
            connected(running.place.far, INNER, INBOUND) as peer, accepted(server) as target:
        peer.sendall(b"question")
        peer.shutdown(socket.SHUT_WR)
        assert received(target, 100) == b"question"
        target.sendall(b"answer")
        target.close()
        assert received(peer, 100) == b"answer"


def is_over(running) -> None:
    eventually(lambda: running.figure("wring_proxy_connections_open", section="Socks5") == 0,
               "it is over")


def test_bytes_are_counted_while_a_connection_is_open(running):
    def passed():
        return [running.figure("wring_proxy_bytes_total", section="Socks5", direction=direction)
                for direction in ("from_client", "to_client")]
    before = passed()
    with both_ends(running) as (client, target):
        client.sendall(b"x" * 70_000)
        target.sendall(b"y" * 50_000)
        assert len(received(client, 12 + 50_000)) == 12 + 50_000
        assert len(received(target, 70_000)) == 70_000
        expected = [before[0] + 70_000, before[1] + 12 + 50_000]
        eventually(lambda: passed() == expected, "they are counted")
        client.shutdown(socket.SHUT_WR)
        assert target.recv(1) == b""
        target.sendall(b"last")
        target.close()
        assert received(client, 100) == b"last"
    eventually(lambda: passed() == [expected[0], expected[1] + 4], "so are the last ones")
