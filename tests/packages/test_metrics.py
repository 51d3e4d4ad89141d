"""The package wring-metrics: its service is there and serves what the engines count."""

import pytest

from support.waiting import eventually

# The page, by nothing but bash.
FETCH = ("exec 3<>/dev/tcp/127.0.0.1/9586 && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && "
         "cat <&3")


@pytest.fixture
def installed(made, machine):
    if not list((made / "debs").glob("wring-metrics_*.deb")):
        pytest.skip("this build has no wring-metrics")
    machine.shell("DEBIAN_FRONTEND=noninteractive apt-get install --yes "
                  "--no-install-recommends /debs/wring-metrics_*.deb")
    yield
    machine.run("dpkg", "--purge", "wring-metrics")


def test_its_service_serves_a_tunnel_within_its_limits(machine, installed, wg0):
    unit = "wring-metrics.service"
    machine.run("systemctl", "start", "wring@wg0")
    page = eventually(lambda: machine.shell(FETCH, check=False).stdout, "it serves", 30.0, 0.3)
    assert 'interface="wg0"' in page
    assert machine.service(unit, "ActiveState", "UnitFileState") == {
        "ActiveState": "active", "UnitFileState": "enabled"}
    machine.run("systemd-analyze", "security", "--offline=true", "--threshold=19",
                f"/lib/systemd/system/{unit}")
    assert machine.run("systemd-analyze", "verify", unit).stderr == ""
    # An upgrade restarts it, because nothing is lost by that.
    before = machine.service(unit, "MainPID")
    machine.shell("dpkg --install /next/wring-metrics_*.deb")
    eventually(lambda: machine.shell(FETCH, check=False).stdout, "it serves again", 30.0, 0.3)
    assert machine.service(unit, "MainPID") != before
    machine.run("dpkg", "--remove", "wring-metrics")
    assert machine.service(unit, "ActiveState") == {"ActiveState": "inactive"}
    machine.run("systemctl", "stop", "wring@wg0")
