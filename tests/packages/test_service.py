"""wring@.service under a real systemd: start, state, reload, failures, and what it may not do."""

import pytest

from support.waiting import eventually

DROP_IN = "/etc/systemd/system/wring@{}.service.d/test.conf"


@pytest.fixture(autouse=True)
def stopped(machine):
    yield
    machine.run("systemctl", "stop", "wring@*.service")
    machine.shell("systemctl reset-failed; rm -rf /etc/systemd/system/wring@*.d; "
                  "systemctl daemon-reload")


def drop_in(machine, instance, *lines):
    machine.write(DROP_IN.format(instance), "[Service]\n" + "\n".join(lines) + "\n")
    machine.run("systemctl", "daemon-reload")


def start(machine, instance):
    """Returns once systemd has heard that it is ready."""
    done = machine.run("systemctl", "start", f"wring@{instance}", check=False)
    log = machine.run("journalctl", "--no-pager", "--unit", f"wring@{instance}").stdout
    assert done.returncode == 0, log


def test_systemd_finds_no_fault_in_it_and_rates_it_below_2(machine):
    verified = machine.run("systemd-analyze", "verify", "wring@wg0.service")
    assert verified.stdout + verified.stderr == ""
    # In tenths.
    machine.run("systemd-analyze", "security", "--offline=true", "--threshold=19",
                "/lib/systemd/system/wring@.service")


def test_it_has_the_place_of_wg_quick_in_the_order_of_the_start(machine):
    shown = machine.service("wring@wg0", "After", "Wants", "Conflicts", "Type")
    assert {"network-online.target", "nss-lookup.target"} <= set(shown["After"].split())
    assert {"network-online.target", "nss-lookup.target"} <= set(shown["Wants"].split())
    assert "wg-quick@wg0.service" in shown["Conflicts"]
    assert shown["Type"] == "notify"


def test_two_tunnels_shake_hands_one_with_its_key_from_a_credential(machine, wg0, keys):
    machine.write("/etc/credstore/wring.wg1.private-key", keys[1][0] + "\n")
    machine.write("/etc/wireguard/wg1.conf",
                  "[Interface]\nPrivateKeyFile = %d/wring.private-key\nAddress = 10.9.0.2/24\n"
                  f"[Peer]\nPublicKey = {keys[0][1]}\nAllowedIPs = 10.9.0.1/32\n"
                  "Endpoint = 127.0.0.1:51820\nPersistentKeepalive = 1\n")
    start(machine, "wg0")
    start(machine, "wg1")
    assert machine.service("wring@wg0", "StatusText") == {"StatusText": "wg0 is up"}
    eventually(lambda: machine.interfaces()["wg1"]["peers"][0].get("latest_handshake"),
               "they shake hands", 30.0, 0.3)


def test_a_reload_changes_what_differs_and_fails_where_the_file_has_mistakes(machine, wg0):
    start(machine, "wg0")
    machine.write("/etc/wireguard/wg0.conf", wg0.replace("10.9.0.2/32", "10.9.0.7/32"))
    machine.run("systemctl", "reload", "wring@wg0")
    assert machine.interfaces()["wg0"]["peers"][0]["allowed_ips"] == ["10.9.0.7/32"]
    machine.write("/etc/wireguard/wg0.conf", "[Interface]\nPrivateKey = no key\n")
    refused = machine.run("systemctl", "reload", "wring@wg0", check=False)
    machine.write("/etc/wireguard/wg0.conf", wg0)
    assert refused.returncode != 0
    assert machine.service("wring@wg0", "ActiveState", "StatusText") == {
        "ActiveState": "active",
        "StatusText": "wg0 stays as it is, because its configuration has mistakes"}


def test_a_default_route_and_saving_work_within_its_limits(machine, keys):
    machine.write("/etc/wireguard/wg2.conf",
                  f"[Interface]\nPrivateKey = {keys[0][0]}\nAddress = 10.9.2.1/24\n"
                  f"SaveConfig = true\n[Peer]\nPublicKey = {keys[1][1]}\n"
                  "AllowedIPs = 0.0.0.0/0\nEndpoint = 127.0.0.1:7\n")
    drop_in(machine, "wg2", "Environment=WRING_OPTIONS=--clamp-mss")
    start(machine, "wg2")
    assert "fwmark" in machine.from_outside("ip", "rule")
    assert "wg-quick-wg2" in machine.from_outside("nft", "list", "tables")
    setting = "/proc/sys/net/ipv4/conf/all/src_valid_mark"
    assert machine.run("cat", setting).stdout == "1\n"
    machine.run("wring", "set", "wg2", "listen-port", "4321")
    machine.run("systemctl", "stop", "wring@wg2")
    assert "ListenPort = 4321" in machine.run("cat", "/etc/wireguard/wg2.conf").stdout
    assert "fwmark" not in machine.from_outside("ip", "rule")
    assert machine.from_outside("nft", "list", "tables") == ""


def test_watching_is_an_option_of_the_instance(machine, wg0):
    drop_in(machine, "wg0", "Environment=WRING_OPTIONS=--watch")
    start(machine, "wg0")
    machine.write("/etc/wireguard/wg0.conf", wg0.replace("51820", "51821"))
    eventually(lambda: machine.interfaces()["wg0"]["listen_port"] == 51821,
               "the change is live", 10.0, 0.2)
    machine.write("/etc/wireguard/wg0.conf", wg0)


def _is_active_after(machine, restarts):
    """True after at least so many restarts."""
    shown = machine.service("wring@wg0", "NRestarts", "ActiveState")
    return shown["ActiveState"] == "active" and int(shown["NRestarts"]) >= restarts


def test_what_dies_or_hangs_is_started_again(machine, wg0):
    drop_in(machine, "wg0", "WatchdogSec=5", "RestartSec=100ms")
    start(machine, "wg0")
    machine.run("systemctl", "kill", "--signal=KILL", "--kill-who=main", "wring@wg0")
    eventually(lambda: _is_active_after(machine, 1), "it is started again", 30.0, 0.3)
    # The engine hangs. Its supervisor does not, and says so by its silence.
    shown = machine.service("wring@wg0", "MainPID", "NRestarts")
    pid = shown["MainPID"]
    machine.shell(f"kill -STOP $(cat /proc/{pid}/task/{pid}/children)")
    eventually(lambda: _is_active_after(machine, int(shown["NRestarts"]) + 1),
               "the watchdog has bitten", 60.0, 0.3)
    eventually(lambda: "wg0" in machine.interfaces(), "the new engine answers", 10.0, 0.2)


def test_a_stop_takes_less_than_a_second(machine, wg0):
    def took() -> float:
        start(machine, "wg0")
        machine.run("systemctl", "stop", "wring@wg0")
        times = machine.service("wring@wg0", "ActiveExitTimestampMonotonic",
                                "InactiveEnterTimestampMonotonic", "Result")
        assert times["Result"] == "success"
        return (int(times["InactiveEnterTimestampMonotonic"])
                - int(times["ActiveExitTimestampMonotonic"])) / 1e6
    # Others may keep the processors.
    assert min(took() for _ in range(3)) < 1.0


def test_it_has_one_capability_and_sees_no_home(machine, wg0):
    start(machine, "wg0")
    status = machine.shell(
        "grep -h -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/$(systemctl show --value "
        "--property=MainPID wring@wg0)/status").stdout.split()
    assert status == ["CapBnd:", "0000000000001000", "NoNewPrivs:", "1", "Seccomp:", "2"]
    pid = machine.service("wring@wg0", "MainPID")["MainPID"]
    # CAP_NET_ADMIN alone.
    assert machine.shell(f"ls /proc/{pid}/root/root /proc/{pid}/root/home", check=False
                         ).stdout.split() == [f"/proc/{pid}/root/home:", f"/proc/{pid}/root/root:"]
