"""`wring doctor` gets the same answers from other implementations."""

import json

import pytest

from pairing import tunnel
from peers import OUTER
from support import wg
from support.daemon import program

CONFIG = """[Interface]
PrivateKey = {private}
Address = 10.9.0.3/24

[Peer]
PublicKey = {public}
AllowedIPs = 10.9.0.2/32
Endpoint = {endpoint}
"""


@pytest.mark.parametrize("version, endpoint", [(4, "{}:51820"), (6, "[{}]:51820")])
def test_a_handshake_and_the_mtu_of_the_path(pair, tmp_path, version, endpoint):
    keys = wg.new_keys()
    with tunnel(pair) as opened:
        opened.foreign.configure("peer", keys.public, "allowed-ips", "10.9.0.3/32")
        path = tmp_path / "doctor.conf"
        path.write_text(CONFIG.format(private=keys.private, public=opened.foreign.keys.public,
                                      endpoint=endpoint.format(OUTER["foreign"][version])))
        path.chmod(0o600)
        done = pair.wring_host.run(program(), "doctor", "--json", str(path), check=False)
        found = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
        assert found["handshake"]["grade"] == "good", found
        # The peer cuts the filling off, or it would not answer.
        assert "carries packets of 1500 bytes" in found["path-mtu"]["found"], found["path-mtu"]


def test_a_preshared_key_on_one_side(pair, tmp_path):
    keys = wg.new_keys()
    with tunnel(pair) as opened:
        opened.foreign.configure("peer", keys.public, "allowed-ips", "10.9.0.3/32",
                                 "preshared-key", "/dev/stdin", secret=wg.new_psk())
        path = tmp_path / "doctor.conf"
        path.write_text(CONFIG.format(private=keys.private, public=opened.foreign.keys.public,
                                      endpoint=f"{OUTER['foreign'][4]}:51820"))
        path.chmod(0o600)
        done = pair.wring_host.run(program(), "doctor", "--json", str(path), check=False)
        codes = {one["code"]: one["grade"] for one in json.loads(done.stdout)["findings"]}
        assert codes["preshared-key"] == "problem"
