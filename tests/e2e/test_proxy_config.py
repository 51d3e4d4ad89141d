"""`wring proxy` looks at its configuration and its command line as wireproxy does."""

import subprocess
from pathlib import Path

import pytest

from support.daemon import program

CONFIGS = Path(__file__).resolve().parents[1] / "configs" / "proxy"
EXAMPLES = sorted(path.name for path in CONFIGS.glob("example-*.conf"))


def proxy(*words, cwd=CONFIGS, home="/nonexistent"):
    return subprocess.run([program(), "proxy", *words], capture_output=True, text=True, timeout=60,
                          cwd=cwd, env={"HOME": home}, check=False)


@pytest.mark.parametrize("name", EXAMPLES)
def test_wireproxys_own_examples_are_accepted(name):
    done = proxy("-n", "-c", name)
    assert (done.returncode, done.stdout) == (0, "Config OK\n")
    assert ": error: " not in done.stderr


def test_a_mistake_is_shown_with_its_line_and_nothing_is_started():
    expected = ("tcp-client-no-target.conf:7:1: error: this [TCPClientTunnel] has no Target; write "
                "Target = VALUE below it\n 7 | [TCPClientTunnel]\n")
    for words in (["-n"], []):
        done = proxy(*words, "-c", "tcp-client-no-target.conf")
        assert (done.returncode, done.stdout) == (1, "")
        assert expected in done.stderr


@pytest.mark.parametrize("words", [["-nc", "{}"], ["-n", "-c={}"], ["--configtest", "--config={}"],
                                   ["-sn", "{}"], ["-n", "--socks5", "[::1]:1080", "{}"]])
def test_the_configuration_may_be_named_in_many_ways(words):
    done = proxy(*(word.format("form-minimal.conf") for word in words))
    assert (done.returncode, done.stdout) == (0, "Config OK\n"), done.stderr


def test_without_a_name_it_is_where_wireproxy_looks(tmp_path):
    done = proxy("-n", home=str(tmp_path))
    assert done.returncode == 1 and "no CONFIG is given" in done.stderr
    (tmp_path / ".config").mkdir()
    text = (CONFIGS / "form-minimal.conf").read_text()
    (tmp_path / ".config" / "wireproxy.conf").write_text(text)
    assert proxy("-n", home=str(tmp_path)).stdout == "Config OK\n"


@pytest.mark.parametrize("words, said", [
    (["--nonsense"], "wring proxy: The following argument was not expected: --nonsense"),
    (["-c", "not-there.conf"], "wring proxy: cannot open not-there.conf: No such file"),
    (["-i", "9080", "form-minimal.conf"], "wring proxy: --info: the port is missing in '9080'"),
    (["a.conf", "-c", "b.conf"], "wring proxy: CONFIG is given twice"),
])
def test_a_wrong_word_is_status_1(words, said):
    done = proxy(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)


def test_a_gateway_takes_the_kernels_stack(tmp_path):
    text = (CONFIGS / "form-minimal.conf").read_text()
    file = tmp_path / "gateway.conf"
    file.write_text(text + "\n[Gateway]\nAllow = 192.0.2.0/24\n")
    done = proxy("--stack", "lwip", "-c", str(file))
    assert done.returncode == 1
    assert "[Gateway] takes the kernel's stack, and this would be lwIP" in done.stderr


@pytest.mark.parametrize("word, begins", [("-v", "wring-proxy, version "),
                                          ("--version", "wring-proxy, version "),
                                          ("-h", "A WireGuard tunnel without an interface")])
def test_version_and_help_are_status_0(word, begins):
    done = proxy(word)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(begins)


def test_a_file_that_others_can_read_gets_a_warning_if_a_secret_is_in_it(tmp_path):
    text = (CONFIGS / "form-minimal.conf").read_text()
    for mode, secret, warned in ((0o644, True, True), (0o600, True, False), (0o644, False, False)):
        file = tmp_path / "proxy.conf"
        (tmp_path / "key").write_text("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n")
        file.write_text(text if secret else
                        "\n".join("PrivateKeyFile = key" if "PrivateKey" in line else line
                                  for line in text.splitlines()))
        file.chmod(mode)
        done = proxy("-n", str(file))
        assert done.returncode == 0, done.stderr
        assert ("every user of this machine can read" in done.stderr) == warned
