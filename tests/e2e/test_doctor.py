"""`wring doctor` finds the cause: each test makes one, and looks for its code."""

import json

import pytest

from support import wg
from support.clock import Clock
from support.daemon import program
from support.tunnel import End

CONFIG = """[Interface]
PrivateKey = {private}
Address = 10.9.0.1/24
MTU = {mtu}
[Peer]
PublicKey = {public}
AllowedIPs = {allowed}
Endpoint = {endpoint}
{extra}
"""
GOOD, WARNING, PROBLEM = 0, 2, 3


class Doctor:
    """What `wring doctor --json` says."""

    def __init__(self, host, *words, command=(), env=None):
        done = host.run(*command, program(), "doctor", "--json", *map(str, words), check=False,
                        env=env)
        assert done.returncode in (GOOD, WARNING, PROBLEM), done.stdout + done.stderr
        said = json.loads(done.stdout)
        assert said["format"] == 1
        self.status, self.worst = done.returncode, said["worst"]
        self.findings = {found["code"]: found for found in said["findings"]}
        print(done.stdout)

    def __getitem__(self, code):
        return self.findings[code]

    def grade(self, code):
        return self.findings[code]["grade"] if code in self.findings else None


@pytest.fixture
def far(pair):
    """The peer: an engine on host b, which looks for nobody."""
    end = End(pair[1], 2)
    with end.start(log_level="error"):
        yield end


@pytest.fixture
def near(pair, far, tmp_path):
    """Writes the configuration of host a, whose key the peer knows."""
    keys = wg.new_keys()
    far.configure("peer", keys.public, "allowed-ips", "10.9.0.1/32")

    def write(**changes):
        path = tmp_path / "wg0.conf"
        path.write_text(CONFIG.format(**{
            "private": keys.private, "public": far.keys.public, "mtu": 1420,
            "allowed": "10.9.0.2/32", "endpoint": "10.7.0.2:51820", "extra": "", **changes}))
        path.chmod(0o600)
        return path
    write.public = keys.public
    return write


def _is_problem(doctor, code, cause, cure):
    """The finding says what it means and what to do, and the exit status says it, too."""
    assert doctor.grade(code) == "problem", doctor.findings
    assert cause in doctor[code]["means"] and cure in doctor[code]["cure"]
    assert (doctor.status, doctor.worst) == (PROBLEM, "problem")
    assert "handshake" not in doctor.findings


def test_a_tunnel_that_would_work(pair, near):
    doctor = Doctor(pair[0], near())
    assert doctor.grade("handshake") == "good"
    assert doctor.grade("tun") == "good" and doctor.grade("cipher") in ("good", "note")
    assert doctor.status != PROBLEM
    # The interface that it tried is gone.
    assert "wrdoctor" not in pair[0].ip("link")


def test_the_engine_gets_its_handshake_after_the_doctors(pair, near, far):
    assert Doctor(pair[0], near()).grade("handshake") == "good"
    one = End(pair[0], 1)
    with one.start(log_level="error"):
        one.configure("private-key", "/dev/stdin", secret=_private(near()))
        one.add_peer(far, "10.7.0.2", "persistent-keepalive", 1)
        wg.await_handshake(pair[0], "wg0", far.keys.public, timeout=20.0)


def _private(path):
    return path.read_text().split("PrivateKey = ")[1].split("\n")[0]


def test_a_wrong_key_of_the_peer(pair, near, far):
    doctor = Doctor(pair[0], near(public=wg.new_keys().public), "--timeout", "1")
    _is_problem(doctor, "wrong-key", "likeliest cause is a wrong key", near.public)
    # The other side knows which of the keys it is.
    assert Doctor(pair[1], "wg0", "--passive").grade("mac1_invalid") == "note"


def test_a_key_that_the_peer_does_not_know(pair, near, far):
    doctor = Doctor(pair[0], near(private=wg.new_keys().private), "--timeout", "1")
    _is_problem(doctor, "wrong-key", "likeliest cause is a wrong key", far.keys.public)
    assert Doctor(pair[1], "wg0", "--passive").grade("unknown_peer") == "warning"


def test_a_wrong_port(pair, near):
    doctor = Doctor(pair[0], near(endpoint="10.7.0.2:51821"))
    _is_problem(doctor, "wrong-port", "the port is wrong", "port of Endpoint")


def test_an_address_that_nobody_has(pair, near):
    doctor = Doctor(pair[0], near(endpoint="10.7.0.99:51820"))
    _is_problem(doctor, "no-host", "no host of this network", "address of Endpoint")


@pytest.mark.parametrize("allowed, psk", [(True, False), (False, True), (True, True)],
                         ids=["the-peer-has-one", "this-side-has-one", "they-differ"])
def test_a_preshared_key_that_only_one_side_has(pair, near, far, allowed, psk):
    if allowed:
        far.configure("peer", near.public, "preshared-key", "/dev/stdin", secret=wg.new_psk())
    path = near(extra=f"PresharedKey = {wg.new_psk()}" if psk else "")
    doctor = Doctor(pair[0], path)
    _is_problem(doctor, "preshared-key", "preshared key", "PresharedKey")


def _firewall(host, chain, rule):
    host.run("nft", "-f", "/dev/stdin", input=f"""
        table inet wall {{
            chain {chain} {{
                type filter hook {chain} priority 0;
                {rule}
            }}
        }}""")


def test_a_firewall_of_the_peer_that_drops(pair, near):
    _firewall(pair[1], "input", "meta l4proto udp drop")
    doctor = Doctor(pair[0], near(), "--timeout", "1")
    _is_problem(doctor, "firewall", "firewall that drops UDP", "let UDP")


def test_a_firewall_of_the_peer_that_refuses(pair, near):
    _firewall(pair[1], "input", "meta l4proto udp reject with icmpx type admin-prohibited")
    doctor = Doctor(pair[0], near())
    _is_problem(doctor, "refused", "firewall or a router", "10.7.0.2")


def test_a_firewall_of_this_host(pair, near):
    _firewall(pair[0], "output", "udp dport 51820 drop")
    doctor = Doctor(pair[0], near())
    _is_problem(doctor, "local-firewall", "firewall of this host", "nft list ruleset")


def test_a_host_that_is_down(pair, near):
    _firewall(pair[1], "input", "drop")
    doctor = Doctor(pair[0], near(), "--timeout", "1")
    _is_problem(doctor, "silence", "host is down", "address of Endpoint")


def test_an_endpoint_inside_allowed_ips(pair, near):
    doctor = Doctor(pair[0], near(allowed="10.9.0.2/32, 10.7.0.0/24"))
    assert doctor.grade("route-into-tunnel") == "problem" and doctor.status == PROBLEM
    assert "10.7.0.0/24" in doctor["route-into-tunnel"]["found"]
    # What is taken away leads nowhere, and a default route is led around the tunnel.
    doctor = Doctor(pair[0], near(allowed="10.9.0.2/32, 0.0.0.0/0, -10.7.0.0/24"))
    assert "route-into-tunnel" not in doctor.findings and doctor.grade("handshake") == "good"


def test_no_way_to_the_peer(pair, near):
    doctor = Doctor(pair[0], near(endpoint="192.0.2.1:51820"))
    _is_problem(doctor, "no-route", "nothing can be sent", "network")


def test_a_name_that_is_not_known(pair, near):
    doctor = Doctor(pair[0], near(endpoint="nowhere.invalid:51820"))
    _is_problem(doctor, "name", "cannot know where", "Endpoint")


def _by(clock):
    """Runs a command by this clock."""
    return ["env", *(f"{name}={value}" for name, value in clock.environment().items())]


@pytest.fixture
def clock():
    with Clock() as made:
        yield made


@pytest.mark.parametrize("years", [-50, 50])
def test_a_clock_that_cannot_be_right(pair, near, clock, years):
    clock.set_wall(years * 365 * 86400)
    doctor = Doctor(pair[0], near(), command=_by(clock))
    _is_problem(doctor, "clock", "refuse", "set the clock")
    # A time from the future would shut this host out, so nothing was sent.
    assert doctor.grade("clock-first") == "note"


def test_a_clock_that_was_set_back_looks_like_a_wrong_key(pair, near, clock, far):
    assert Doctor(pair[0], near(), command=_by(clock)).grade("handshake") == "good"
    clock.set_wall(-3600)
    doctor = Doctor(pair[0], near(), "--timeout", "1", command=_by(clock))
    _is_problem(doctor, "wrong-key", "clock that was set back", "wring doctor")
    there = Doctor(pair[1], "wg0", "--passive")
    assert "clock was set back" in there["handshake_replayed"]["means"]


def test_no_tun(net):
    host = net.host("a")
    host.run("mount", "-t", "tmpfs", "tmpfs", "/dev/net")
    doctor = Doctor(host)
    _is_problem(doctor, "tun", "no engine can make an interface", "modprobe tun")


def test_no_io_uring(net, deny_syscall):
    command = deny_syscall("io_uring_setup", "EPERM")[:4]
    doctor = Doctor(net.host("a"), command=command)
    assert doctor.grade("io-uring") == "warning"
    assert "epoll" in doctor["io-uring"]["means"]
    assert "io_uring_disabled" in doctor["io-uring"]["cure"]
    assert (doctor.status, doctor.worst) == (WARNING, "warning")


@pytest.mark.parametrize("error, cure", [("ENOSYS", "Linux 5.13"), ("EOPNOTSUPP", "lsm=")])
def test_no_landlock(net, deny_syscall, error, cure):
    command = deny_syscall("landlock_create_ruleset", error)[:4]
    doctor = Doctor(net.host("a"), command=command)
    assert doctor.grade("landlock") == "warning"
    assert "delete any file" in doctor["landlock"]["means"]
    assert cure in doctor["landlock"]["cure"]
    assert (doctor.status, doctor.worst) == (WARNING, "warning")


def test_an_ordinary_user(net):
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
            "--bounding-set=-all"]
    doctor = Doctor(net.host("a"), command=user)
    assert doctor.grade("tun") == "problem"
    assert doctor.grade("locked-memory") in ("good", "warning")


@pytest.fixture
def running(pair, far, near):
    """The tunnel of host a runs, and its engine has no peer yet."""
    one = End(pair[0], 1)
    with one.start(log_level="error"):
        one.configure("private-key", "/dev/stdin", secret=_private(near()))
        yield one


def test_a_running_tunnel_is_left_alone(pair, far, near, running):
    running.add_peer(far, "10.7.0.2", "persistent-keepalive", 1)
    before = wg.await_handshake(pair[0], "wg0", far.keys.public).latest_handshake
    for target in ("wg0", near()):
        doctor = Doctor(pair[0], target)
        assert doctor.grade("handshake") == "good" and doctor.grade("engine") == "good"
        assert "the last handshake was" in doctor["handshake"]["found"]
    assert running.peer(far).latest_handshake == before


def test_an_idle_tunnel_is_tried(pair, far, running):
    running.add_peer(far, "10.7.0.2")
    doctor = Doctor(pair[0], "wg0")
    assert doctor.grade("handshake") == "good" and "just now" in doctor["handshake"]["found"]


def test_a_running_tunnel_with_another_preshared_key(pair, far, running):
    running.add_peer(far, "10.7.0.2", "preshared-key", "/dev/stdin", secret=wg.new_psk())
    _is_problem(Doctor(pair[0], "wg0"), "preshared-key", "preshared key", "PresharedKey")


def test_a_running_tunnel_to_a_wrong_port(pair, far, running):
    running.add_peer(far, "10.7.0.2", "endpoint", "10.7.0.2:51821")
    _is_problem(Doctor(pair[0], "wg0", "--timeout", "1"), "wrong-port", "the port is wrong",
                "wring show")


def test_a_route_that_leads_into_a_running_tunnel(pair, far, running):
    running.add_peer(far, "10.7.0.2")
    pair[0].ip("route", "add", "10.7.0.2/32", "dev", "wg0")
    _is_problem(Doctor(pair[0], "wg0"), "route-into-tunnel", "never leave", "AllowedIPs")


def test_an_interface_that_is_down(pair, far, running):
    pair[0].ip("link", "set", "wg0", "down")
    _is_problem(Doctor(pair[0], "wg0", "--passive"), "interface-down", "neither begins",
                "ip link set wg0 up")


def test_what_keeps_a_tunnel_quiet_is_told_without_sending(pair, far, running):
    running.configure("peer", wg.new_keys().public, "allowed-ips", "10.9.0.3/32")
    running.add_peer(far, "10.7.0.2")
    running.configure("private-key", "/dev/null")
    doctor = Doctor(pair[0], "wg0", "--passive")
    _is_problem(doctor, "no-key", "neither begin nor answer", "wring set wg0 private-key FILE")
    assert doctor.grade("no-endpoint") == doctor.grade("no-handshake") == "note"
    assert "on its side" in doctor["no-endpoint"]["cure"]


def test_a_clock_that_was_set_back_beside_a_running_tunnel(pair, far, running, clock):
    running.add_peer(far, "10.7.0.2", "persistent-keepalive", 1)
    wg.await_handshake(pair[0], "wg0", far.keys.public)
    clock.set_wall(-3600)
    doctor = Doctor(pair[0], "wg0", "--passive", command=_by(clock))
    assert doctor.grade("clock-set-back") == "warning"


def test_an_interface_in_another_namespace_is_said_to_be(net, pair, running):
    pair[0].ip("link", "set", "wg0", "netns", str(net.host("c").pid))
    assert Doctor(pair[0], "wg0", "--passive").grade("elsewhere") == "note"


def test_an_interface_of_that_name_keeps_the_doctor_from_sending(pair, far, near):
    pair[0].ip("tuntap", "add", "wg0", "mode", "tun")
    doctor = Doctor(pair[0], near())
    assert doctor.grade("running") == "note" and "handshake" not in doctor.findings
    assert wg.show(pair[1], "wg0").only_peer().latest_handshake == 0


def test_a_target_that_is_nothing_is_said_to_be(net):
    done = net.host("a").run(program(), "doctor", "nonsense", check=False)
    assert done.returncode == 1 and "neither a running interface nor a file" in done.stderr
    assert done.stdout == ""


def test_the_text_says_what_was_found_what_it_means_and_what_to_do(pair, near):
    done = pair[0].run(program(), "doctor", str(near(endpoint="10.7.0.2:51821")), check=False)
    lines = done.stdout.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("problem: peer ")]
    assert "Connection refused" in lines[at]
    assert lines[at + 1].startswith("    means: ") and lines[at + 2].startswith("    do: ")
    assert _private(near()) not in done.stdout
