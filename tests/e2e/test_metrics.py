"""`wring metrics`: what it says, to whom, and what it costs when clients are hostile."""

import base64
import json
import os
import re
import socket
import subprocess
import time
from contextlib import ExitStack

import pytest

from support import wg
from support.daemon import Daemon, program
from support.drops import dropped
from support.memory import memory_of
from support.netns import Net
from support.pages import names, rows
from support.run_state import pair_of_files
from support.running import Run
from support.scraping import Metrics, Samples, await_info, get, promtool, scrape
from support.transfer import ping
from support.tunnel import tunnel

EVERY_STYLE = ("--metrics-style", "both")


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """A tunnel of which one end has two more peers: one that has a name and never shook hands, and
    one that has nothing. Its metrics are served."""
    folder = tmp_path_factory.mktemp("metrics")
    with Net() as net, tunnel(*net.pair()) as (one, two), ExitStack() as stack:
        assert ping(one.host, two.inner4).lost == 0
        named, bare = wg.new_keys().public, wg.new_keys().public
        wg.configure(one.host, "wg0", "peer", named, "endpoint", "192.0.2.9:99", "allowed-ips",
                     "10.1.0.0/16,fd01::/64")
        wg.configure(one.host, "wg0", "peer", bare)
        one.named, one.bare = named, bare
        file = folder / "names.conf"
        file.write_bytes(f"[Interface]\n# Client: Ann (7)\n[Peer]\nPublicKey = {two.keys.public}\n"
                         f"[Peer]\n# friendly_name = a \"b\" \\ ".encode() + b"\xff\xc3\xa9\n"
                         + f"PublicKey = {named}\n".encode())
        one.names = file
        one.server = stack.enter_context(Metrics(one.host, *EVERY_STYLE, "--names", str(file)))
        yield one, two


@pytest.fixture(scope="module")
def samples(ends):
    return scrape(ends[0].host)


def test_the_series_of_mindflavors_exporter_have_its_labels_and_meanings(ends, samples):
    one, two = ends
    shown = wg.show(one.host, "wg0").peers[two.keys.public]
    labels = {"interface": "wg0", "public_key": two.keys.public,
              "allowed_ips": f"{two.inner4}/32,{two.inner6}/128", "friendly_name": "Ann"}
    for name in ("wireguard_sent_bytes_total", "wireguard_received_bytes_total"):
        ((found, value),) = samples.all(name, public_key=two.keys.public)
        assert list(found.items()) == list(labels.items()) and value > 0
    assert samples.value("wireguard_latest_handshake_seconds", **labels) == shown.latest_handshake
    assert 0 <= samples.value("wireguard_latest_handshake_delay_seconds", **labels) < 60
    # A label without a value is left out.
    ((found, _),) = samples.all("wireguard_sent_bytes_total", public_key=one.bare)
    assert "friendly_name" not in found and found["allowed_ips"] == "(none)"


def test_the_series_of_mdlayhers_exporter_have_its_labels_and_meanings(ends, samples):
    one, two = ends
    shown = wg.show(one.host, "wg0")
    labels = {"device": "wg0", "public_key": two.keys.public}
    for name in ("wireguard_peer_receive_bytes_total", "wireguard_peer_transmit_bytes_total"):
        ((found, value),) = samples.all(name, public_key=two.keys.public)
        assert found == labels and value > 0
    assert (samples.value("wireguard_peer_last_handshake_seconds", **labels)
            == shown.peers[two.keys.public].latest_handshake)
    families = {(found["allowed_ips"], found["family"]) for found, value
                in samples.all("wireguard_peer_allowed_ips_info", public_key=one.named)}
    assert families == {("10.1.0.0/16", "IPv4"), ("fd01::/64", "IPv6")}
    assert samples.all("wireguard_device_info") == [
        ({"device": "wg0", "public_key": shown.public_key}, 1)]
    infos = {found["public_key"]: (found["endpoint"], found["name"])
             for found, _ in samples.all("wireguard_peer_info", device="wg0")}
    assert infos == {two.keys.public: ("10.7.0.2:51820", "Ann"), one.bare: ("", ""),
                     one.named: ("192.0.2.9:99", 'a \\"b\\" \\\\ ?é')}


def test_a_peer_that_never_shook_hands_has_no_age(ends, samples):
    one, _ = ends
    assert samples.value("wireguard_latest_handshake_seconds", public_key=one.named) == 0
    assert samples.all("wireguard_latest_handshake_delay_seconds", public_key=one.named) == []


def test_what_the_engine_counts_is_there(ends):
    one, two = ends
    one.host.run("ping", "-c", "1", "-W", "1", "-I", "wg0", "10.9.0.77", check=False)
    time.sleep(1.0)  # a page is as old as a second
    samples = scrape(one.host)
    assert samples.value("wring_up", interface="wg0") == 1
    drops = {found["reason"]: value for found, value in samples.all("wring_dropped_total")}
    assert drops["no_peer"] == dropped(one, "no_peer") > 0 and drops["replayed"] == 0
    states = {found["state"]: value for found, value in samples.all("wring_peers")}
    assert states == {"configured": 3, "connected": 1, "active": 1, "never": 2}
    assert samples.value("wring_handshakes_completed_total") == 1
    # Of the two ends one began it.
    count = samples.value("wring_handshake_duration_seconds_count")
    assert count == samples.value("wring_handshakes_begun_total")
    assert samples.value("wring_handshake_duration_seconds_bucket", le="+Inf") == count
    assert samples.value("wring_sessions") >= 1
    assert samples.value("wring_packet_batch_size_count") > 0
    assert samples.value("wring_datagram_batch_size_sum") > 0
    threads = {found["thread"]: value
               for found, value in samples.all("wring_thread_cpu_seconds_total")}
    assert {"worker-0", "control", "handshakes"} <= threads.keys() and threads["worker-0"] > 0
    counts = json.loads(one.host.run(program(), "show", "wg0", "--json").stdout)
    assert counts["interfaces"][0]["counts"]["handshakes_completed"] == 1


def test_promtool_has_nothing_to_say(samples):
    if promtool() is None:
        pytest.skip("promtool is not there")
    done = subprocess.run([promtool(), "check", "metrics"], input=samples.text, text=True,
                          capture_output=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_document_has_each_metric_with_its_type_and_labels(samples):
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", samples.text, re.MULTILINE))
    assert len(types) >= 30
    served = {}
    for name, kind in types.items():
        found = samples.all(name + "_bucket" if kind == "histogram" else name)
        labels = {label for has, _ in found for label in has} - {"le"}
        served[name] = (kind, labels)
    table = rows("docs/metrics.md", "metric")
    assert {names(row["metric"])[0]: (row["type"], set(names(row["labels"])))
            for row in table} == served
    explained = {name for row in rows("docs/metrics.md", "label") for name in names(row["label"])}
    assert explained == {"le"}.union(*(labels for _, labels in served.values()))


def test_no_secret_is_in_the_page_or_in_the_memory_of_its_server(ends, samples):
    one, _ = ends
    assert one.keys.private not in samples.text
    raw = base64.b64decode(one.keys.private)
    memory = memory_of(one.server.process.pid)
    assert base64.b64decode(one.keys.public) in memory
    assert raw not in memory and raw.hex().encode() not in memory


def test_packets_go_first(ends):
    server = ends[0].server.process.pid
    assert {os.getpriority(os.PRIO_PROCESS, int(thread))
            for thread in os.listdir(f"/proc/{server}/task")} == {10}


def test_health_and_readiness(ends, net):
    assert get(ends[0].host, "/healthz") == (200, "ok\n")
    assert get(ends[0].host, "/readyz") == (200, "wg0 answers\n")
    assert get(ends[0].host, "/nothing")[0] == 404
    assert get(ends[0].host, "/metrics", "-X", "POST", "-d", "x=1")[0] == 405
    host = net.host("c")
    with Metrics(host, "wg7"):
        status, text = get(host, "/readyz")
        assert status == 503 and "serves an interface wg7" in text
        assert get(host, "/healthz")[0] == 200
        assert scrape(host).value("wring_up", interface="wg7") == 0
    with Metrics(host):
        assert get(host, "/readyz") == (503, "no interface is served\n")


def test_an_engine_that_hangs_is_not_ready_and_holds_nothing_up(net):
    host = net.host("c")
    host.run("mkdir", "-p", "/run/wireguard")
    with host.inside(), socket.socket(socket.AF_UNIX) as silent:
        silent.bind(host.path("/var/run/wireguard/wg0.sock"))
        silent.listen()
        with Metrics(host):
            asking = host.popen("curl", "-s", "http://127.0.0.1:9586/readyz",
                                stdout=subprocess.PIPE, text=True)
            began = time.monotonic()
            assert get(host, "/healthz") == (200, "ok\n")
            assert time.monotonic() - began < 4
            assert "does not answer" in asking.communicate(timeout=30)[0]


@pytest.mark.parametrize("choice, keys", [("none", 0), ("active", 1)])
def test_series_of_peers_can_be_left_out(net, choice, keys, ends):
    one, two = ends
    # On another port beside the one that runs.
    process = one.host.popen(program(), "metrics", "--listen", "[::1]:9999", "--metrics-peers",
                             choice, stderr=subprocess.PIPE, text=True)
    try:
        assert "serving" in process.stderr.readline()
        samples = Samples(one.host.run("curl", "-s", "http://[::1]:9999/metrics").stdout)
    finally:
        process.terminate()
        assert process.wait(10) == 0
    assert len(samples.all("wireguard_sent_bytes_total")) == keys
    assert samples.value("wring_peers", state="configured") == 3


def test_clients_that_do_nothing_or_too_much_keep_no_one_out(ends):
    one, _ = ends
    with ExitStack() as stack:
        for number in range(80):
            client = stack.enter_context(one.host.socket(socket.AF_INET, socket.SOCK_STREAM))
            client.settimeout(5)
            try:
                client.connect(("127.0.0.1", 9586))
                client.send([b"", b"GET /metrics HTTP/1.1\r\nX: ", b"\x00" * 99][number % 3])
            except OSError:
                pass  # one address gets a few places only
        # From another address there is room.
        done = one.host.run("curl", "-s", "--interface", "127.0.0.2", "--max-time", "10",
                            "http://127.0.0.1:9586/healthz")
        assert done.stdout == "ok\n"


def test_names_follow_the_file(ends):
    one, two = ends
    text = one.names.read_bytes().replace(b"Ann", b"Eve")
    new = one.names.with_name("new")
    new.write_bytes(text)
    new.rename(one.names)
    await_info(one.host, "Eve")


def test_a_folder_that_comes_later_is_looked_into(net):
    host = net.host("c")
    # It is the test's own, and has no /etc/wireguard.
    host.run("sh", "-c", "cp -a /etc /run/etc && rm -rf /run/etc/wireguard && "
                         "mount --bind /run/etc /etc")
    with Metrics(host), Daemon(host):
        key = wg.new_keys().public
        wg.configure(host, "wg0", "peer", key)
        host.run("sh", "-c", 'mkdir -p /etc/wireguard && printf %s "$0" > /etc/wireguard/wg0.conf',
                 f"[Interface]\n[Peer]\n# friendly_name = Ann\nPublicKey = {key}\n")
        await_info(host, "Ann")


def test_bad_words_are_refused(net):
    host = net.host("c")
    for words, says in [(("--listen", "nowhere"), "write 127.0.0.1:9586"),
                        (("--listen", "192.0.2.77:9586"), "no interface has that address"),
                        (("--metrics-peers", "some"), "see wring metrics --help"),
                        (("--names", "/no/such/place.conf"), "there is no folder /no/such; make"),
                        (("../wg0",), "is no name for an interface")]:
        done = host.run(program(), "metrics", *words, check=False)
        assert done.returncode == 1 and says in done.stderr and done.stderr.count("\n") == 1
        assert done.stderr.startswith("wring metrics: ")


def test_run_starts_it_with_names_of_its_file_and_ends_it(pair, tmp_path):
    a, _ = pair
    path, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    with open(path, "r+") as file:
        text = file.read().replace("[Peer]\n", "[Peer]\n# friendly_name = far side\n")
        file.seek(0)
        file.write(text)
    with Run(a, path, "--metrics", "127.0.0.1:9586") as run:
        await_info(a, "far side")
        pid = int(a.run("pgrep", "-P", str(run.process.pid), "wring-metrics").stdout)
        a.run("kill", "-9", str(pid))
        assert "are not served any more" in _log_with(run, "not served")
        assert run.stop() == 0
    assert a.pids() == []


def _log_with(run, text):
    deadline = time.monotonic() + 10
    while text not in run.log() and time.monotonic() < deadline:
        time.sleep(0.05)
    return run.log()
