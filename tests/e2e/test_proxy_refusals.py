"""`wring proxy` and clients that it does not serve: each gets the protocol's own answer, is hung up
on, and is counted by its reason."""

import base64
import os
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.executing import FAR, PAGE, WEB_SERVER, python
from support.proxying import (HTTP, SOCKS, accepted, connected, connected_at, listening, proxy,
                              reset, self_signed, socks_connect, socks_request)
from support.waiting import eventually

NOWHERE = "10.9.0.77"  # Of the far end's network, and nobody's.
SECTIONS = f"""
[Socks5]
BindAddress = 127.0.0.1:{SOCKS}

[http]
BindAddress = 127.0.0.1:{HTTP}

[SNI]
BindAddress = 127.0.0.1:4430

[Socks5]
BindAddress = 127.0.0.1:1081
Username = me
Password = open sesame

[http]
BindAddress = 127.0.0.1:8081
Username = me
Password = open sesame

[Socks5]
BindAddress = 127.0.0.1:1082
AllowFrom = 192.0.2.0/24

[http]
BindAddress = unix:/run/user/proxy.sock

[http]
BindAddress = unix:/run/user/asks.sock
Username = me
Password = open sesame

[http]
BindAddress = 127.0.0.1:8444
CertFile = {{folder}}/cert.pem
KeyFile = {{folder}}/key.pem

[http]
BindAddress = 127.0.0.1:8445
CertFile = {{folder}}/cert.pem
KeyFile = {{folder}}/key.pem
AllowFrom = 192.0.2.0/24
"""


@pytest.fixture(scope="module")
def running(place_):
    for name, text in zip(("key.pem", "cert.pem"), self_signed("127.0.0.1")):
        place_.save(name, text)
    with python(place_.far, WEB_SERVER, FAR), \
            proxy(place_, SECTIONS.format(folder=place_.folder)) as made:
        yield made


def answer_to(running, port: int, *sent: bytes, ends: bool = False) -> bytes:
    """All that comes until the proxy hangs up."""
    with connected(running.place.host, "127.0.0.1", port) as client:
        for each in sent:
            client.sendall(each)
        if ends:
            client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


# What is sent, what comes back at first, and the reason that is counted.
CASES = {
    "another protocol to SOCKS": (SOCKS, b"GET / HTTP/1.1\r\n\r\n", b"", "protocol"),
    "SOCKS 4": (SOCKS, b"\4\1\0\x50\1\2\3\4\0", b"\0\x5b", "protocol"),
    "no method of ours": (SOCKS, b"\5\1\1", b"\5\xff", "credentials"),
    "an unknown command": (SOCKS, b"\5\1\0\5\x09\0\1\1\2\3\4\0\x50", b"\5\0\5\7", "unsupported"),
    "an unknown kind of address": (SOCKS, b"\5\1\0\5\1\0\7\1", b"\5\0\5\x08", "unsupported"),
    "rubbish to HTTP": (HTTP, b"\0\1\2\3", b"HTTP/1.1 400 ", "protocol"),
    "another version of HTTP": (HTTP, b"GET http://a/ HTTP/3.0\r\n\r\n", b"HTTP/1.1 505 ",
                                "protocol"),
    "a head without an end": (HTTP, b"GET http://a/ HTTP/1.1\r\nA: " + b"b" * 200_000,
                              b"HTTP/1.1 431 ", "protocol"),
    "a body of two lengths": (HTTP, b"POST http://a/ HTTP/1.1\r\nContent-Length: 1\r\n"
                              b"Content-Length: 2\r\n\r\n", b"HTTP/1.1 400 ", "protocol"),
    "no ClientHello": (4430, b"\x16\3\1\0\4\2\0\0\0", b"\x15\3\3\0\2\2", "protocol"),
    "no credentials": (8081, b"GET http://a/ HTTP/1.1\r\n\r\n", b"HTTP/1.1 407 ", "credentials"),
    "no user name": (1081, b"\5\1\0", b"\5\xff", "credentials"),
    "not allowed": (1082, b"\5\1\0", b"\5\xff", "not_allowed"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_protocols_own_answer(running, case):
    port, sent, answer, reason = CASES[case]
    before = running.figure("wring_proxy_refused_total", reason=reason)
    assert answer_to(running, port, sent).startswith(answer)
    assert running.figure("wring_proxy_refused_total", reason=reason) == before + 1


def test_a_port_where_nothing_listens(running):
    with connected(running.place.host, "127.0.0.1", SOCKS) as client:
        assert socks_connect(client, FAR, 1)[1] == 5
    done = running.curl("--proxy", f"http://127.0.0.1:{HTTP}", f"http://{FAR}:1/",
                        "-w", "%{http_code}")
    assert done.stdout.endswith("502")


def test_a_target_that_a_router_calls_unreachable(running):
    """It says so by ICMP, and nobody waits for a time-out."""
    far = running.place.far
    far.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
    far.ip("route", "add", "unreachable", "198.51.100.0/24")
    with connected(running.place.host, "127.0.0.1", SOCKS) as client:
        client.settimeout(10.0)
        assert socks_connect(client, "198.51.100.7", 80)[1] == 3


def test_a_name_that_there_is_not(running):
    with connected(running.place.host, "127.0.0.1", SOCKS) as client:
        assert socks_connect(client, "nobody.invalid", 80)[1] == 4


def test_passwords(running):
    for scheme, port in (("socks5h", 1081), ("http", 8081)):
        right = f"{scheme}://me:open%20sesame@127.0.0.1:{port}"
        assert running.curl("--proxy", right, f"http://{FAR}/").stdout == PAGE
        wrong = running.curl("--proxy", right.replace("open", "closed"), f"http://{FAR}/")
        assert PAGE not in wrong.stdout


def test_who_guesses_is_not_heard_any_more(running):
    right = "socks5h://me:open%20sesame@127.0.0.1:1081"
    for _ in range(12):
        running.curl("--proxy", right.replace("me:", "you:"), f"http://{FAR}/")
    assert running.curl("--proxy", right, f"http://{FAR}/").returncode != 0


def test_who_guesses_at_a_path_waits_and_locks_out_nobody(running):
    def ask(credentials: bytes) -> bytes:
        with connected_at(running.place.host, "/run/user/asks.sock") as client:
            client.sendall(f"GET http://{FAR}/ HTTP/1.1\r\nHost: {FAR}\r\n".encode() +
                           b"Proxy-Authorization: Basic " + base64.b64encode(credentials) +
                           b"\r\n\r\n")
            return b"".join(iter(lambda: client.recv(65536), b""))

    with ThreadPoolExecutor(12) as at_once:
        begun = time.monotonic()
        for answer in at_once.map(ask, [b"me:closed"] * 12):
            assert answer.startswith(b"HTTP/1.1 407 ") and time.monotonic() - begun > 0.9
    assert ask(b"me:open sesame").endswith(PAGE.encode())


def test_a_listener_of_a_path_is_for_its_mode(running):
    host, path = running.place.host, "/run/user/proxy.sock"
    assert os.stat(host.path(path)).st_mode & 0o777 == 0o600
    with connected_at(host, path) as client:
        client.sendall(f"GET http://{FAR}/ HTTP/1.1\r\nHost: {FAR}\r\n\r\n".encode())
        assert b"".join(iter(lambda: client.recv(65536), b"")).endswith(PAGE.encode())


def test_a_client_that_sends_nothing_is_hung_up_on(running):
    begun = time.monotonic()
    with connected(running.place.host, "127.0.0.1", 8444) as without_handshake:
        assert answer_to(running, HTTP, b"GET http").startswith(b"HTTP/1.1 408 ")
        assert 9.0 < time.monotonic() - begun < 15.0
        assert without_handshake.recv(1) == b""
    assert running.figure("wring_proxy_refused_total", reason="too_slow") == 2


@pytest.mark.parametrize("breaks", ["target", "client"])
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_no_end_is_made_of_a_reset(running, tls, breaks):
    context = ssl.create_default_context(cafile=f"{running.place.folder}/cert.pem")
    before = running.figure("wring_proxy_broken_total")
    with listening(running.place.far, FAR) as listener:
        raw = connected(running.place.host, "127.0.0.1", 8444 if tls else HTTP)
        with context.wrap_socket(raw, server_hostname="127.0.0.1") if tls else raw as client:
            name = f"{FAR}:{listener.getsockname()[1]}"
            client.sendall(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            with accepted(listener) as target:
                assert client.recv(100).startswith(b"HTTP/1.1 200 ")
                client.sendall(b"up")
                target.sendall(b"down")
                assert (client.recv(4), target.recv(2)) == (b"down", b"up")
                broken, other = (target, client) if breaks == "target" else (client, target)
                reset(broken)
                # Beneath TLS, because Python takes a reset there for an end.
                with socket.socket(fileno=os.dup(other.fileno())) as beneath:
                    beneath.settimeout(20.0)
                    with pytest.raises(ConnectionResetError):
                        beneath.recv(1)
    eventually(lambda: running.figure("wring_proxy_broken_total") == before + 1, "it is counted")


def test_who_is_not_allowed_does_not_shake_hands(running):
    before = running.figure("wring_proxy_refused_total", reason="not_allowed")
    assert answer_to(running, 8445) == b""
    assert running.figure("wring_proxy_refused_total", reason="not_allowed") == before + 1


def test_a_client_that_dies_is_forgotten(running):
    for _ in range(3):
        with connected(running.place.host, "127.0.0.1", SOCKS) as client:
            socks_request(client, 1, FAR, 80)
            reset(client)
    eventually(lambda: running.figure("wring_proxy_connections_open") == 0, "none is open")
