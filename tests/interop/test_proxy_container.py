"""`wring proxy` in a container that is given nothing: no root, no capability, no device, and an
image with nothing but itself. The other end of the tunnel is wireguard-go."""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from conftest import insist_on
from peers import WireguardGo, give_outer_addresses
from support import wg
from support.daemon import program
from support.environments import Container
from support.executing import PAGE, WEB_SERVER, python
from support.netns import Net
from support.proxying import connected, dns_answerer, echo_server, socks_request
from support.tunnel import End
from support.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
FAR, OWN = "10.9.0.2", "10.9.0.1"
CONFIG = f"""[Interface]
PrivateKey = $WG_PRIVATE_KEY
Address = {OWN}/32
DNS = {FAR}
CheckAlive = {FAR}

[Peer]
PublicKey = %s
Endpoint = 10.7.0.2:51820

"""
LISTENERS = """[Socks5]
BindAddress = 127.0.0.1:1080

[http]
BindAddress = 127.0.0.1:8080

[TCPClientTunnel]
BindAddress = 127.0.0.1:8000
Target = web.example:80

[TCPServerTunnel]
ListenPort = 7000
Target = 127.0.0.1:7001
"""
# What Docker's default filter refuses a process without CAP_SYS_ADMIN, of that which matters here.
NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
LIKE_DOCKER = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {"names": ["unshare", "setns", "mount", "umount2", "io_uring_setup"],
         "action": "SCMP_ACT_ERRNO"},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        *({"names": ["clone"], "action": "SCMP_ACT_ERRNO",
           "args": [{"index": 0, "value": flag, "valueTwo": flag, "op": "SCMP_CMP_MASKED_EQ"}]}
          for flag in NAMESPACES)],
}


class Place:
    """A host with the container's image, and wireguard-go on another."""

    def __init__(self, net: Net, folder: Path):
        peer = WireguardGo()
        insist_on(peer)
        self.host = net.host("wring")
        self.far = peer.place(net, self.host)
        give_outer_addresses(self.host, "wring")
        give_outer_addresses(self.far, "foreign")
        self.keys, self._folder, end = wg.new_keys(), folder, End(self.far, 2)
        peer.start(end)
        end.configure("peer", self.keys.public, "allowed-ips", f"{OWN}/32")
        self.far_key = end.keys.public
        self._container = Container(self.host, folder / "container")
        image = folder / "image.tar"
        with image.open("wb") as file:
            subprocess.run([ROOT / "tools/proxy-image.sh", Path(program()).parent], check=True,
                           stdout=file)
        self._container.import_image(image, "proxy", "USER=65532",
                                     'ENTRYPOINT ["/usr/bin/wring","proxy"]')

    def command_of(self, config: str, *options: str) -> list[str]:
        """The image with the host's network. Words may follow."""
        file = self._folder / "proxy.conf"
        file.write_text(config)
        return self._container.command_of_image(
            "proxy", "--network=host", "--read-only", "--read-only-tmpfs=false", "--cap-drop=all",
            "--security-opt=no-new-privileges", f"--env=WG_PRIVATE_KEY={self.keys.private}", "-v",
            f"{file}:/etc/wring/proxy.conf:ro", *options) + ["-c", "/etc/wring/proxy.conf"]

    def command(self, sections: str, *options: str) -> list[str]:
        """The same by user 1000, for a tunnel with these sections."""
        return self.command_of(CONFIG % self.far_key + sections, "--user=1000:1000", *options)

    def like_docker(self) -> str:
        """An option that refuses what Docker's default filter refuses."""
        profile = self._folder / "seccomp.json"
        profile.write_text(json.dumps(LIKE_DOCKER))
        return f"--security-opt=seccomp={profile}"

    def curl(self, *words: str) -> str:
        return self.host.run("curl", "-sS", "--max-time", "20", *words, check=False).stdout


@pytest.fixture(scope="module")
def place_() -> Iterator[Place]:
    assert shutil.which("podman") and shutil.which("runc"), "run tools/install-deps.sh"
    with Net() as net, tempfile.TemporaryDirectory(prefix="wring-") as folder:
        os.chmod(folder, 0o755)
        yield Place(net, Path(folder))


def await_serving(place: Place, child: subprocess.Popen, port: int) -> None:
    """Until the far end has answered a ping, so that a readiness probe would be content."""
    def serves() -> str:
        assert child.poll() is None, "it ended"
        return place.curl("-f", f"http://127.0.0.1:{port}/readyz")
    eventually(serves, "the far end answers pings", 30.0)


@pytest.fixture(scope="module", params=["kernel", "lwip"])
def options(request, place_) -> list[str]:
    """Where namespaces are allowed, and where they are refused as by Docker."""
    return [] if request.param == "kernel" else [place_.like_docker()]


@pytest.fixture(scope="module")
def running(place_, options) -> Iterator[Place]:
    host, far = place_.host, place_.far
    with python(far, WEB_SERVER, FAR), echo_server(host, "127.0.0.1", 7001), \
            dns_answerer(far, FAR, {"web.example": (FAR,)}), tempfile.TemporaryFile() as log:
        command = place_.command(LISTENERS, *options)
        child = host.popen(*command, "-i", "127.0.0.1:9080", stderr=log)
        try:
            await_serving(place_, child, 9080)
            yield place_
        finally:
            child.terminate()
            status = child.wait(30.0)
            log.seek(0)
            said = log.read().decode()
            print(said)
        assert status == 0
        assert ("lwIP's TCP" if options else "the kernel's TCP") in said


@pytest.mark.parametrize("words", [
    ("--socks5-hostname", "127.0.0.1:1080", "http://web.example/"),
    ("--proxy", "http://127.0.0.1:8080", "http://web.example/"),
    ("--proxy", "http://127.0.0.1:8080", "--proxytunnel", "http://web.example/"),
    ("http://127.0.0.1:8000/",),
], ids=["socks5", "http", "connect", "forward"])
def test_curl(running, words):
    assert running.curl(*words) == PAGE


def test_a_forward_from_the_tunnel(running):
    with connected(running.far, OWN, 7000) as client:
        client.sendall(b"from the tunnel")
        assert client.recv(100) == b"from the tunnel"


def test_names_by_datagrams_through_socks5(running):
    query = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3web\7example\0\0\1\0\1"
    with connected(running.host, "127.0.0.1", 1080) as control:
        reply = socks_request(control, 3, "0.0.0.0", 0)
        at = (socket.inet_ntoa(reply[4:8]), struct.unpack(">H", reply[8:10])[0])
        with running.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10.0)
            client.sendto(b"\0\0\0\1" + socket.inet_aton(FAR) + struct.pack(">H", 53) + query, at)
            answer = client.recv(2000)
    assert answer.endswith(socket.inet_aton(FAR))


@pytest.fixture
def ssh_server(place_, tmp_path) -> Iterator[list[str]]:
    """On the far host. Yields options for ssh."""
    assert shutil.which("dropbear") and shutil.which("ssh"), "run tools/install-deps.sh"
    far, key, host_key = place_.far, tmp_path / "key", tmp_path / "host_key"
    far.run("dropbearkey", "-t", "ed25519", "-f", str(host_key))
    far.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    # Nobody else sees this home.
    far.run("sh", "-c", "mount -t tmpfs -o mode=700 tmpfs /root && mkdir -m 700 /root/.ssh && "
            f"cp {key}.pub /root/.ssh/authorized_keys && chmod 600 /root/.ssh/authorized_keys")
    server = far.popen("dropbear", "-F", "-E", "-s", "-p", f"{FAR}:22", "-r", str(host_key),
                       stderr=subprocess.PIPE)
    assert server.stderr is not None
    while b"Not backgrounding" not in (line := server.stderr.readline()):
        assert line, "dropbear ended"
    yield ["-i", str(key), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
           "-o", "LogLevel=ERROR", "-F", "/dev/null"]
    server.kill()


def test_ssh_by_stdin_and_stdout(place_, ssh_server, options):
    command = place_.command(f"[STDIOTunnel]\nTarget = {FAR}:22\n", "-i", *options)
    done = place_.host.run("ssh", *ssh_server, "-o", f"ProxyCommand={' '.join(command)}",
                           "root@inside", "echo from the far end", check=False)
    assert (done.returncode, done.stdout) == (0, "from the far end\n"), done


def test_where_namespaces_are_refused_it_says_so(place_):
    command = place_.command("[Socks5]\nBindAddress = 127.0.0.1:1081\n", place_.like_docker())
    done = place_.host.run(*command, "--stack", "kernel", check=False)
    assert done.returncode == 1
    assert "cannot make a user namespace: Operation not permitted; a filter of system calls " \
           "forbids it, as Docker's default one does; " in done.stderr


GUIDE = ROOT / "docs" / "guides" / "private-database.md"


def blocks_of(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_guides_configuration_leads_to_the_database(place_):
    (config,) = [text for text in blocks_of("ini") if "GATEWAY_PUBLIC_KEY" in text]
    for written, here in (("GATEWAY_PUBLIC_KEY", place_.far_key), ("10.20.0.5", FAR),
                          ("gateway.example.com", "10.7.0.2")):
        assert written in config
        config = config.replace(written, here)
    child = place_.host.popen(*place_.command_of(config), "--info", ":9081")
    with echo_server(place_.far, FAR, 5432):
        await_serving(place_, child, 9081)
        with connected(place_.host, "127.0.0.1", 5432) as client:
            client.sendall(b"select 1")
            assert client.recv(100) == b"select 1"
    child.terminate()
    assert child.wait(30.0) == 0


def test_the_guides_pod_is_what_the_restricted_profile_demands():
    """As Kubernetes has it: Pod Security Standards, restricted."""
    (pod,) = blocks_of("yaml")
    containers = pod.count("image: ")
    assert "runAsNonRoot: true" in pod and "seccompProfile: {type: RuntimeDefault}" in pod
    assert pod.count("allowPrivilegeEscalation: false") == containers == 2
    assert pod.count("capabilities: {drop: [ALL]}") == containers
    for forbidden in ("hostNetwork", "hostPID", "hostPath", "privileged", "add:", "runAsUser: 0"):
        assert forbidden not in pod
