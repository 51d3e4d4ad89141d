"""wring's commands speak to the control sockets of other engines as `wg` does."""

import json

import pytest

from pairing import tunnel
from support import wg
from support.daemon import program
from support.scraping import Metrics, scrape
from support.waiting import eventually

FIELDS = ["public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys",
          "endpoints", "allowed-ips", "transfer", "persistent-keepalive"]


@pytest.fixture
def opened(pair):
    if pair.peer.name == "kernel":
        pytest.skip("the kernel has no control socket")
    with tunnel(pair, psk=wg.new_psk()) as made:
        made.await_open()
        yield made


def sections(configuration: str) -> list[str]:
    """In one order, because wireguard-go lists its peers in another one each time."""
    return sorted(configuration.strip().split("\n\n"))


def both(end, *words):
    return (end.host.run(program(), *words).stdout, end.host.run("wg", *words).stdout)


def test_the_fields_of_a_foreign_engine_are_those_that_wg_shows(opened):
    def same(field):  # A keepalive may come between the two.
        ours, theirs = both(opened.foreign, "show", "wg0", field)
        return ours == theirs and ours
    for field in FIELDS:
        assert eventually(lambda field=field: same(field), f"wring and wg show the same {field}")
    ours, theirs = both(opened.foreign, "showconf", "wg0")
    assert ours == theirs
    assert both(opened.foreign, "show", "interfaces") == ("wg0\n", "wg0\n")


def test_json_of_a_foreign_engine_has_no_engine(opened):
    made = json.loads(opened.foreign.host.run(program(), "show", "wg0", "--json").stdout)
    (interface,) = made["interfaces"]
    assert interface["engine"] is None
    (peer,) = interface["peers"]
    assert peer["public_key"] == opened.wring.keys.public and peer["rx_bytes"] > 0


def test_metrics_of_a_foreign_engine_have_its_peers_and_none_of_its_keys(opened):
    end, peer = opened.foreign, opened.wring.keys.public
    with Metrics(end.host):
        samples = scrape(end.host)
    assert samples.value("wring_up", interface="wg0") == 1
    assert samples.value("wireguard_received_bytes_total", public_key=peer) > 0
    ((labels, _),) = samples.all("wireguard_device_info")
    assert labels["public_key"] in ("", end.keys.public)  # boringtun tells a key of another name
    assert end.keys.private not in samples.text


def test_a_foreign_engine_is_changed_as_by_wg(opened):
    end, added = opened.foreign, wg.new_keys().public
    end.host.run(program(), "set", "wg0", "peer", added, "allowed-ips", "192.0.2.0/24",
                 "endpoint", "192.0.2.1:9", "persistent-keepalive", "25")
    shown = wg.show(end.host, "wg0").peers[added]
    assert (shown.endpoint, shown.keepalive) == ("192.0.2.1:9", 25)
    assert shown.allowed_ips == {"192.0.2.0/24"}
    text = end.host.run("wg", "showconf", "wg0").stdout
    end.host.run(program(), "syncconf", "wg0", "-", input=text)  # Nothing differs.
    assert sections(end.host.run("wg", "showconf", "wg0").stdout) == sections(text)
    if opened.pair.peer.name != "boringtun":  # It ends when a peer that is there is changed.
        text = text.replace("192.0.2.0/24", "198.51.100.0/24")
        end.host.run(program(), "syncconf", "wg0", "-", input=text)
        assert wg.show(end.host, "wg0").peers[added].allowed_ips == {"198.51.100.0/24"}
    end.host.run(program(), "set", "wg0", "peer", added, "remove")
    assert wg.show(end.host, "wg0").peers.keys() == {opened.wring.keys.public}
    opened.await_open()
