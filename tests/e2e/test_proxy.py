"""`wring proxy`: clients outside reach what is behind a tunnel, without any privilege."""

import base64
import contextlib
import json
import socket
import ssl
import struct

import pytest

from support.executing import FAR, FAR6, PAGE, WEB_SERVER, place, python
from support.netns import Net
from support.proxying import (HTTP, SOCKS, connected, dns_answerer, echo_server, proxy,
                              received, self_signed, socks_connect, socks_request)
from support.waiting import eventually

SECTIONS = f"""
[Socks5]
BindAddress = 127.0.0.1:{SOCKS}

[http]
BindAddress = 127.0.0.1:{HTTP}

[TCPClientTunnel]
BindAddress = 127.0.0.1:8000
Target = web.example:80

[TCPServerTunnel]
ListenPort = 7000
Target = 127.0.0.1:7001

[UDPProxyTunnel]
BindAddress = 127.0.0.1:5300
Target = {FAR}:53

[UDPServerTunnel]
ListenPort = 5400
Target = 127.0.0.1:5401

[SNI]
BindAddress = 127.0.0.1:4430

[http]
BindAddress = 127.0.0.1:8443
CertFile = {{folder}}/cert.pem
KeyFile = {{folder}}/key.pem
"""
NAMES = {"web.example": (FAR, FAR6), "four.example": (FAR,), "tls.example": (FAR,)}


@pytest.fixture(scope="module", params=["666", "600"], ids=["tun", "container"])
def place_(request):
    """With a TUN that every user may open, and without, where /proc/sys cannot be written either:
    as in a container."""
    with Net() as net:
        one, other = net.pair()
        if request.param == "600":
            one.run("mount", "--bind", "/proc/sys", "/proc/sys")
            one.run("mount", "-o", "remount,ro,bind", "/proc/sys")
        yield from place((one, other), request.param)


@pytest.fixture(scope="module")
def running(place_):
    far, host = place_.far, place_.host
    key, certificate = self_signed("127.0.0.1")
    place_.save("key.pem", key)
    place_.save("cert.pem", certificate)
    with python(far, WEB_SERVER, FAR), dns_answerer(far, FAR, NAMES), echo_server(far, FAR, 7), \
            echo_server(far, FAR, 443), echo_server(far, FAR6, 7), \
            echo_server(host, "127.0.0.1", 7001), \
            proxy(place_, SECTIONS.format(folder=place_.folder),
                  interface=f"DNS = {FAR}\nCheckAlive = {FAR}") as made:
        yield made


@pytest.mark.parametrize("address", [FAR, "web.example", "four.example"])
def test_socks5(running, address):
    done = running.curl("--socks5-hostname", f"127.0.0.1:{SOCKS}", f"http://{address}/")
    assert (done.stdout, done.stderr) == (PAGE, "")


def test_a_target_of_ipv6_and_the_reply_names_our_address(running):
    with connected(running.place.host, "127.0.0.1", SOCKS) as client:
        reply = socks_connect(client, FAR6, 7)
        assert reply[:4] == b"\5\0\0\4"
        assert reply[4:20] == socket.inet_pton(socket.AF_INET6, "fd09::2")


@pytest.mark.parametrize("words", [[], ["--proxytunnel"], ["-X", "DELETE"], ["-d", "body=1"]])
def test_http_proxy(running, words):
    done = running.curl(*words, "--proxy", f"http://127.0.0.1:{HTTP}", "http://web.example/")
    if "-X" in words or "-d" in words:
        assert "Unsupported method" in done.stdout
    else:
        assert (done.stdout, done.stderr) == (PAGE, "")


def test_more_behind_a_request_leaves_its_answer_whole(running):
    """A client that does not wait for the answer has its next request closed unread, which must not
    reset the connection before the answer's tail is out."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"a" * 200_000
    request = f"GET http://{FAR}:8888/ HTTP/1.1\r\nHost: {FAR}\r\n\r\n".encode()
    with running.place.far.socket(socket.AF_INET, socket.SOCK_STREAM) as server, \
            running.place.host.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        server.bind((FAR, 8888))
        server.listen()
        server.settimeout(20.0)
        client.settimeout(20.0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", HTTP))
        client.sendall(request)
        target, _ = server.accept()
        with target:
            assert target.recv(4096).startswith(b"GET / ")
            client.sendall(request)
            target.sendall(answer)
        assert b"".join(iter(lambda: client.recv(65536), b"")) == answer


@pytest.mark.parametrize("words", [[], ["--proxytunnel"]])
def test_http_proxy_behind_tls(running, words):
    certificate = f"{running.place.folder}/cert.pem"
    done = running.curl(*words, "--proxy", "https://127.0.0.1:8443", "--proxy-cacert", certificate,
                        f"http://{FAR}/")
    assert (done.stdout, done.stderr) == (PAGE, "")


def test_who_speaks_no_tls_there_is_hung_up_on(running):
    with connected(running.place.host, "127.0.0.1", 8443) as client:
        client.sendall(b"GET http://10.9.0.1/ HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert PAGE.encode() not in b"".join(iter(lambda: client.recv(65536), b""))
    eventually(lambda: running.figure("wring_proxy_connections_open", listener="127.0.0.1:8443")
               == 0, "none is open")


def test_a_forward_to_a_name(running):
    assert running.curl("http://127.0.0.1:8000/").stdout == PAGE


def test_a_forward_from_the_tunnel(running):
    with connected(running.place.far, "10.9.0.2", 7000) as client:
        client.sendall(b"from the tunnel")
        assert client.recv(100) == b"from the tunnel"


def test_the_end_of_one_direction_leaves_the_other(running):
    with connected(running.place.host, "127.0.0.1", SOCKS) as client:
        assert socks_connect(client, FAR, 7)[1] == 0
        client.sendall(b"x" * 100_000)
        client.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: client.recv(65536), b""))
        assert got == b"x" * 100_000


@pytest.mark.parametrize("kind", ["address", "name"])
def test_datagrams_by_socks5(running, kind):
    host = running.place.host
    with connected(host, "127.0.0.1", SOCKS) as control:
        reply = socks_request(control, 3, "0.0.0.0", 0)
        assert reply[1] == 0
        at = (socket.inet_ntoa(reply[4:8]), struct.unpack(">H", reply[8:10])[0])
        to = (b"\1" + socket.inet_aton(FAR) if kind == "address" else b"\3\14four.example")
        head = b"\0\0\0" + to + struct.pack(">H", 53)
        with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10.0)
            client.sendto(head + dns_query(), at)
            answer, _ = client.recvfrom(2000)
    assert answer[:10] == b"\0\0\0\1" + socket.inet_aton(FAR) + struct.pack(">H", 53)
    assert socket.inet_aton(FAR) in answer[10:]


def dns_query() -> bytes:
    return b"\x12\x34\1\0\0\1\0\0\0\0\0\0\4four\7example\0\0\1\0\1"


def test_a_forward_of_datagrams(running):
    with running.place.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10.0)
        client.sendto(dns_query(), ("127.0.0.1", 5300))
        assert socket.inet_aton(FAR) in client.recv(2000)


def test_a_forward_of_datagrams_from_the_tunnel(running):
    host = running.place.host
    with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, \
            running.place.far.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        server.bind(("127.0.0.1", 5401))
        server.settimeout(10.0)
        client.settimeout(10.0)
        client.sendto(b"there", ("10.9.0.2", 5400))
        asked, at = server.recvfrom(100)
        server.sendto(asked + b" and back", at)
        assert client.recv(100) == b"there and back"


def test_a_port_in_the_tunnel_by_socks5(running):
    with connected(running.place.host, "127.0.0.1", SOCKS) as client:
        first = socks_request(client, 2, FAR, 0)
        assert first[:4] == b"\5\0\0\1" and socket.inet_ntoa(first[4:8]) == "10.9.0.2"
        port = struct.unpack(">H", first[8:10])[0]
        with connected(running.place.far, "10.9.0.2", port) as caller:
            assert client.recv(10)[:8] == b"\5\0\0\1" + socket.inet_aton(FAR)
            caller.sendall(b"called back")
            assert client.recv(100) == b"called back"


def test_the_name_in_a_client_hello_is_the_target(running):
    hello = client_hello("tls.example")
    with connected(running.place.host, "127.0.0.1", 4430) as client:
        client.sendall(hello)
        assert received(client, len(hello)) == hello


def client_hello(name: str) -> bytes:
    context = ssl.create_default_context()
    sent = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name).do_handshake()
    return sent.read()


def test_health(running):
    def alive():
        done = running.get("/readyz", "-w", "%{http_code}")
        return done.stdout.endswith("200") and json.loads(done.stdout[:-3])[FAR] > 1_700_000_000
    eventually(alive, "the far end answers pings")
    text = running.get("/metrics").stdout
    assert "private_key=REDACTED\n" in text and f"public_key={bytes_of(running).hex()}" in text
    assert running.place.keys.private not in text
    assert "404" in running.get("/other", "-w", "%{http_code}").stdout


def bytes_of(running) -> bytes:
    return base64.b64decode(running.place.far_keys.public)


def test_figures_of_each_listener(running):
    before = running.figure("wring_proxy_connections_total", section="http")
    assert running.curl("--proxy", f"http://127.0.0.1:{HTTP}", f"http://{FAR}/").stdout == PAGE
    assert running.figure("wring_proxy_connections_total", section="http") == before + 1
    assert running.figure("wring_proxy_bytes_total", section="http", direction="to_client") > 0
    eventually(lambda: running.figure("wring_proxy_connections_open") == flows(running),
               "none is open that is not one of datagrams")


def test_figures_of_the_tunnel_in_the_names_of_the_exporter(running):
    assert running.curl("--proxy", f"http://127.0.0.1:{HTTP}", f"http://{FAR}/").stdout == PAGE
    for name in ("wireguard_sent_bytes_total", "wireguard_received_bytes_total",
                 "wireguard_latest_handshake_seconds"):
        assert running.figure(name, public_key=running.place.far_keys.public, interface="wg0") > 0
    assert running.figure("wring_up", interface="wg0") == 1


def flows(running) -> int:
    """Of datagrams: they stay open without InactivityTimeout."""
    return sum(running.figure("wring_proxy_connections_open", section=section)
               for section in ("UDPProxyTunnel", "UDPServerTunnel"))
