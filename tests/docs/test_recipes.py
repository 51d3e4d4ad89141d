"""The recipes of contrib: keys stay where they are made, and what is written is correct."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.daemon import program
from support.pages import ROOT

CONTRIB = ROOT / "contrib"
ANSIBLE = "ansible-core==2.18.6"  # of PyPI; the newest for the Python of Debian 12 that was tried
# What the package of Debian imports, from PyPI, too: jsonschema is as old as the package.
CLOUD_INIT_NEEDS = ("jsonschema==4.17.3", "pyyaml", "jinja2", "configobj", "requests", "jsonpatch",
                    "oauthlib")
UNREACHABLE = re.compile("onnection|timed out|ProxyError|name resolution")


def _environment(name, *packages):
    """One of Python with these packages, in a folder of the build."""
    folder = Path(os.environ["WRING_BUILD"]) / name
    if not (folder / "is-whole").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
        got = subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--retries", "1",
                              "--timeout", "20", "--only-binary", ":all:", *packages], text=True,
                             stderr=subprocess.PIPE, timeout=300)
        if got.returncode != 0 and UNREACHABLE.search(got.stderr):
            pytest.skip(f"PyPI, which has {packages[0]}, cannot be reached")
        assert got.returncode == 0, got.stderr
        (folder / "is-whole").touch()
    return folder


@pytest.fixture(scope="session")
def ansible():
    return _environment("ansible", ANSIBLE) / "bin" / "ansible-playbook"


@pytest.fixture(scope="session")
def cloud_init():
    """That of Debian 12, which is not installed: it would set this machine up at its next start."""
    folder = _environment("cloud-init", *CLOUD_INIT_NEEDS)
    if not list(folder.glob("cloudinit")):
        got = subprocess.run(["apt-get", "download", "cloud-init"], cwd=folder, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        if got.returncode != 0:
            pytest.skip(f"Debian's archive, which has cloud-init, cannot be reached: {got.stdout}")
        (package,) = folder.glob("cloud-init_*.deb")
        subprocess.run(["dpkg-deb", "--extract", package, folder / "package"], check=True)
        (folder / "package/usr/lib/python3/dist-packages/cloudinit").rename(folder / "cloudinit")
    return lambda *words: subprocess.run(
        [folder / "bin" / "python3", "-B", "-m", "cloudinit.cmd.main", *words], text=True,
        timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(folder)})


def _play(ansible, folder, *words):
    inventory = folder / "inventory"
    inventory.write_text("[mesh]\n" + "".join(
        f"{name} ansible_connection=local ansible_host=192.0.2.{number} "
        f"ansible_python_interpreter={sys.executable} wring_address=10.9.0.{number}/24 "
        f"wring_folder={folder}/{name} wring_program={Path(program()).resolve()}\n"
        for number, name in ((1, "one"), (2, "two"))))
    return subprocess.run([ansible, "-i", inventory, "-e", "wring_start=false", *words,
                           CONTRIB / "ansible" / "mesh.yml"], text=True, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "ANSIBLE_HOME": f"{folder}", "LC_ALL": "C.UTF-8"})


def test_the_playbook_has_no_mistake_of_syntax(ansible, tmp_path):
    done = _play(ansible, tmp_path, "--syntax-check")
    assert done.returncode == 0 and "mesh.yml" in done.stdout, done.stdout


def test_the_role_makes_peers_of_all_and_shows_no_private_key(ansible, tmp_path):
    done = _play(ansible, tmp_path, "-vvv")
    assert done.returncode == 0, done.stdout
    for name, peer, number in (("one", "two", 2), ("two", "one", 1)):
        key = tmp_path / name / "wg0.key"
        assert key.stat().st_mode & 0o777 == 0o600 and key.read_text().strip() not in done.stdout
        public = subprocess.run([program(), "pubkey"], input=(tmp_path / peer / "wg0.key")
                                .read_text(), text=True, check=True, stdout=subprocess.PIPE)
        text = (tmp_path / name / "wg0.conf").read_text()
        assert text.endswith(f"\n[Peer]\n# friendly_name = {peer}\nPublicKey = "
                             f"{public.stdout}AllowedIPs = 10.9.0.{number}\n"
                             f"Endpoint = 192.0.2.{number}:51820\n")
    again = _play(ansible, tmp_path)
    assert again.stdout.count("changed=0 ") == 2, again.stdout


def test_a_configuration_with_a_mistake_is_not_written(ansible, tmp_path):
    done = _play(ansible, tmp_path, "-e", '{"wring_peers": [{"name": "x", "public_key": "x", '
                                          '"allowed_ips": "10.0.0.0/8"}]}')
    assert done.returncode == 2 and "failed to validate" in done.stdout, done.stdout
    assert not (tmp_path / "one" / "wg0.conf").exists()


def test_cloud_inits_schema_accepts_the_user_data(cloud_init, tmp_path):
    form = CONTRIB / "cloud-init" / "user-data.yaml"
    done = cloud_init("schema", "--config-file", form)
    assert done.returncode == 0 and "Valid cloud-config" in done.stdout, done.stdout
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(form.read_text().replace("runcmd:", "runcmd: 5\nothers:"))
    done = cloud_init("schema", "--config-file", wrong)
    assert done.returncode == 1 and "runcmd: 5 is not of type 'array'" in done.stdout, done.stdout


WORDS = {"TUNNEL_ADDRESS": "10.9.0.2/24", "PEER_ALLOWED_IPS": "10.9.0.0/24",
         "PEER_PUBLIC_KEY": "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=",
         "PEER_ENDPOINT": "192.0.2.7:51820", "PACKAGE_URL": "https://packages.example.com/"}


def _filled(text):
    for word, value in WORDS.items():
        text = text.replace(word, value)
    return text


@pytest.mark.skipif(shutil.which("terraform") is None, reason="Debian has no Terraform")
def test_terraform_fills_in_the_user_data(tmp_path):
    shutil.copytree(CONTRIB, tmp_path / "contrib")
    module = tmp_path / "contrib" / "terraform"
    (module / "terraform.tfvars.json").write_text(
        json.dumps({word.lower(): value for word, value in WORDS.items()}))
    for words in (["init", "-backend=false"], ["validate"], ["apply", "-auto-approve"]):
        done = subprocess.run(["terraform", *words, "-no-color"], cwd=module, text=True,
                              timeout=120, env={**os.environ, "CHECKPOINT_DISABLE": "1"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
    shown = subprocess.run(["terraform", "output", "-raw", "user_data"], cwd=module, text=True,
                           timeout=60, check=True, stdout=subprocess.PIPE).stdout
    form = (CONTRIB / "cloud-init" / "user-data.yaml").read_text()
    assert shown == _filled(form)


def test_what_cloud_init_writes_is_a_configuration(tmp_path):
    form = (CONTRIB / "cloud-init" / "user-data.yaml").read_text()
    # Terraform's module fills in the same.
    module = (CONTRIB / "terraform" / "main.tf").read_text()
    assert set(re.findall(r"^    ([A-Z_]+) += var", module, re.MULTILINE)) == WORDS.keys()
    assert set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", form)) == WORDS.keys()
    body = _filled(form.split("content: |\n")[1].split("runcmd:")[0])
    path = tmp_path / "wg0.conf"
    path.write_text(re.sub(r"^ {6}", "", body, flags=re.MULTILINE))
    path.chmod(0o600)
    done = subprocess.run([program(), "check", path], text=True, timeout=30,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0 and " 0 errors" in done.stdout, done.stdout
