"""`wring proxy` and a configuration that changes while connections are open."""

import contextlib
import os
import signal
import socket
import ssl
import threading
from pathlib import Path

import pytest

from support import wg
from support.executing import FAR, FAR6, INNER, PAGE, WEB_SERVER, python
from support.proxying import (HTTP, SOCKS, connected, echo_server, proxy, self_signed,
                              socks_connect)
from support.waiting import eventually

SOCKS_SECTION = f"[Socks5]\nBindAddress = 127.0.0.1:{SOCKS}\n"
HTTP_SECTION = f"[http]\nBindAddress = 127.0.0.1:{HTTP}\n"


@pytest.fixture(autouse=True)
def servers(place_):
    with python(place_.far, WEB_SERVER, FAR), echo_server(place_.far, FAR, 7), \
            echo_server(place_.far, FAR6, 7):
        yield


class Transfer:
    """Bytes that go to the far end and back for as long as this lasts, each of them looked at."""

    def __init__(self, host, port: int = SOCKS):
        self.client = connected(host, "127.0.0.1", port)
        assert socks_connect(self.client, FAR, 7)[1] == 0
        self.bytes = 0
        self.problem = ""
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        block = os.urandom(50_000)
        while not self._ends.is_set() and not self.problem:
            try:
                self.client.sendall(block)
                came = b""
                while len(came) < len(block):
                    part = self.client.recv(len(block) - len(came))
                    if not part:
                        raise OSError("an end came")
                    came += part
                if came != block:
                    raise OSError("other bytes came back")
            except OSError as error:
                self.problem = str(error)
            self.bytes += len(block)

    def goes_on(self) -> bool:
        before = self.bytes
        return bool(eventually(lambda: self.problem or self.bytes > before, "it goes on")) and \
            self.problem == ""

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self._thread.join()
        self.client.close()


def change(made, old: str, new: str, done: str = "changed to what") -> None:
    """Has the file say something else, and waits until the proxy says what came of it."""
    text = Path(made.file).read_text()
    assert old in text
    before = made.log().count(done)
    Path(made.file).write_text(text.replace(old, new))
    made.process.send_signal(signal.SIGHUP)
    eventually(lambda: made.log().count(done) > before, f"it says: {done}")


def refused(host, port: int) -> bool:
    with pytest.raises(ConnectionRefusedError):
        connected(host, "127.0.0.1", port)
    return True


def code(host, target: str, port: int = SOCKS) -> int:
    with connected(host, "127.0.0.1", port) as client:
        return socks_connect(client, target, 7)[1]


def test_listeners_come_and_go_and_a_transfer_goes_on(place_):
    host = place_.host
    with proxy(place_, SOCKS_SECTION) as made, Transfer(host) as transfer:
        change(made, SOCKS_SECTION, SOCKS_SECTION + HTTP_SECTION, "1 listener added")
        assert made.curl("--proxy", f"http://127.0.0.1:{HTTP}", f"http://{FAR}/").stdout == PAGE
        assert transfer.goes_on()
        # Its own listener goes: it lasts all the same.
        change(made, SOCKS_SECTION, "", "1 listener removed")
        assert refused(host, SOCKS)
        assert transfer.goes_on()
        assert made.curl("--proxy", f"http://127.0.0.1:{HTTP}", f"http://{FAR}/").stdout == PAGE
        # At the port that it had, another listener counts anew.
        change(made, HTTP_SECTION, HTTP_SECTION + SOCKS_SECTION, "1 listener added")
        assert made.figure("wring_proxy_connections_open", section="Socks5") == 0
        assert code(host, FAR) == 0
        assert transfer.goes_on()


def test_another_section_takes_over_a_port(place_):
    with proxy(place_, SOCKS_SECTION) as made:
        change(made, "[Socks5]", "[http]")
        assert made.curl("--proxy", f"http://127.0.0.1:{SOCKS}", f"http://{FAR}/").stdout == PAGE
        change(made, "[http]", f"[TCPClientTunnel]\nTarget = {FAR}:80")
        assert made.curl(f"http://127.0.0.1:{SOCKS}/").stdout == PAGE


def test_passwords_and_allow_lists(place_):
    def page(user: str) -> str:
        return made.curl("--proxy", f"socks5h://{user}@127.0.0.1:{SOCKS}",
                         f"http://{FAR}/").stdout

    with proxy(place_, SOCKS_SECTION + "Username = me\nPassword = first\n") as made:
        assert page("me:first") == PAGE
        change(made, "first", "second")
        assert (page("me:first"), page("me:second")) == ("", PAGE)
        change(made, "Username = me\nPassword = second\n", "AllowFrom = 192.0.2.0/24\n")
        assert page("me:second") == ""
        change(made, "AllowFrom = 192.0.2.0/24\n", "AllowFrom = 127.0.0.0/8\n")
        assert page("me:second") == PAGE


def test_what_peers_may_be_sent_and_our_addresses(place_):
    """The prefix of IPv6 comes and goes, and so does our address."""
    host = place_.host
    with proxy(place_, SOCKS_SECTION, allowed=f"{FAR}/32") as made, Transfer(host) as transfer:
        assert code(host, FAR6) != 0
        change(made, f"AllowedIPs = {FAR}/32", f"AllowedIPs = {FAR}/32, {FAR6}/128",
               "1 peer, addresses and routes")
        assert code(host, FAR6) == 0
        change(made, f"Address = {INNER}, fd09::2", f"Address = {INNER}", "addresses and routes")
        assert code(host, FAR6) != 0
        assert transfer.goes_on()


def test_another_endpoint_and_key(place_):
    """At first there is nobody, so that nothing is answered."""
    public = place_.far_keys.public
    with proxy(place_, SOCKS_SECTION, endpoint="10.7.0.2:9") as made:
        assert code(place_.host, FAR) != 0
        change(made, "10.7.0.2:9", "10.7.0.2:51820", "1 peer")
        eventually(lambda: code(place_.host, FAR) == 0, "the other end is reached")
        other = wg.new_keys().public
        change(made, f"PublicKey = {public}", f"PublicKey = {other}", "2 peers")
        assert made.figure("wireguard_sent_bytes_total", public_key=public) == 0
        change(made, f"PublicKey = {other}", f"PublicKey = {public}", "2 peers")
        eventually(lambda: code(place_.host, FAR) == 0, "the other end is reached")


def test_a_port_in_the_tunnel(place_):
    section = "[TCPServerTunnel]\nListenPort = {}\nTarget = 127.0.0.1:7001\n"
    with echo_server(place_.host, "127.0.0.1", 7001), proxy(place_, SOCKS_SECTION) as made:
        assert code(place_.host, FAR) == 0  # The far end knows where we are.
        change(made, SOCKS_SECTION, SOCKS_SECTION + section.format(80))
        with connected(place_.far, INNER, 80) as client:
            client.sendall(b"through")
            assert client.recv(100) == b"through"
            change(made, section.format(80), section.format(7000))
            client.sendall(b"still")
            assert client.recv(100) == b"still"
        with pytest.raises(ConnectionRefusedError):
            connected(place_.far, INNER, 80)
        connected(place_.far, INNER, 7000).close()


def test_datagrams(place_):
    section = f"[UDPProxyTunnel]\nBindAddress = 127.0.0.1:5300\nTarget = {FAR}:5000\n"
    with place_.far.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, \
            place_.far.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, \
            place_.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, \
            proxy(place_, section) as made:
        for server, port in ((one, 5000), (other, 5001)):
            server.bind((FAR, port))
            server.settimeout(20.0)
        client.connect(("127.0.0.1", 5300))
        client.send(b"first")
        assert one.recv(100) == b"first"
        change(made, f"{FAR}:5000", f"{FAR}:5001")
        client.send(b"this flow has begun")
        assert one.recv(100) == b"this flow has begun"
        with place_.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as next_client:
            next_client.sendto(b"a new flow", ("127.0.0.1", 5300))
            assert other.recv(100) == b"a new flow"
        change(made, section.replace("5000", "5001"), SOCKS_SECTION)
        assert made.figure("wring_proxy_connections_open") == 0


def test_a_file_with_mistakes_changes_nothing(place_):
    with proxy(place_, SOCKS_SECTION) as made, Transfer(place_.host) as transfer:
        change(made, SOCKS_SECTION, HTTP_SECTION + "AllowFrom = nobody\n",
               "the configuration has mistakes, so all stays as it is")
        assert "proxy.conf:12:" in made.log() and "nobody" in made.log()
        assert code(place_.host, FAR) == 0 and refused(place_.host, HTTP)
        assert transfer.goes_on()
        os.rename(made.file, made.file + ".away")
        made.process.send_signal(signal.SIGHUP)
        eventually(lambda: "No such file" in made.log(), "it says so")
        assert code(place_.host, FAR) == 0
        os.rename(made.file + ".away", made.file)


def test_what_cannot_be_opened_changes_nothing(place_):
    paths = "[http]\nBindAddress = unix:/run/user/new.sock\n"
    taken = "[http]\nBindAddress = 127.0.0.1:8081\n"
    with proxy(place_, SOCKS_SECTION) as made, \
            place_.host.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 8081))
        other.listen()
        change(made, SOCKS_SECTION, paths + taken, "the configuration cannot be changed: "
               "[http]: cannot listen on 127.0.0.1:8081")
        assert not os.path.exists(place_.host.path("/run/user/new.sock"))
        assert code(place_.host, FAR) == 0
        change(made, taken, "")
        assert os.path.exists(place_.host.path("/run/user/new.sock"))
        change(made, "new.sock", "newer.sock")
        assert not os.path.exists(place_.host.path("/run/user/new.sock"))


def test_a_file_that_changes_is_read_again(place_):
    with proxy(place_, SOCKS_SECTION, "--watch") as made, Transfer(place_.host) as transfer:
        new = Path(made.file + ".new")
        new.write_text(Path(made.file).read_text() + HTTP_SECTION)
        new.chmod(0o644)
        os.replace(new, made.file)
        eventually(lambda: "1 listener added" in made.log(), "it has changed")
        assert made.curl("--proxy", f"http://127.0.0.1:{HTTP}", f"http://{FAR}/").stdout == PAGE
        assert transfer.goes_on()


def test_a_certificate_that_is_renewed(place_):
    """Also where there was none at the start."""
    tls = HTTP_SECTION + f"CertFile = {place_.folder}/cert.pem\nKeyFile = {place_.folder}/key.pem\n"

    def renew() -> str:
        for name, text in zip(("key.pem", "cert.pem"), self_signed("127.0.0.1")):
            place_.save(name, text)
        return Path(place_.folder / "cert.pem").read_text()

    def served() -> str:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with contextlib.closing(connected(place_.host, "127.0.0.1", HTTP)) as raw, \
                context.wrap_socket(raw) as client:
            found = client.getpeercert(binary_form=True)
            assert found is not None
            return ssl.DER_cert_to_PEM_cert(found)

    with proxy(place_, SOCKS_SECTION) as made:
        first = renew()
        change(made, SOCKS_SECTION, SOCKS_SECTION + tls)
        assert served() == first
        second = renew()
        change(made, "[http]", "# renewed\n[http]", "all is as the configuration says")
        assert served() == second != first
