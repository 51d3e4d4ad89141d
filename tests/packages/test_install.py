"""`cmake --install` and the target `uninstall`."""

import os
import subprocess
from pathlib import Path

BUILD = os.environ.get("WRING_BUILD", "build/release")


def _files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def _install(folder, *words):
    subprocess.run(["cmake", "--install", BUILD, *words], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "DESTDIR": str(folder)})


def _uninstall(folder):
    script = Path(__file__).resolve().parents[2] / "packaging" / "uninstall.cmake"
    return subprocess.run(["cmake", "-D", f"MANIFEST={BUILD}", "-P", str(script)], text=True,
                          env={**os.environ, "DESTDIR": str(folder)}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def test_all_that_is_installed_is_taken_back_and_nothing_else(tmp_path):
    theirs = tmp_path / "usr/local/bin/theirs"
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    _install(tmp_path, "--prefix", "/usr/local")
    made = _files(tmp_path)
    assert {"usr/local/bin/wring", "usr/local/libexec/wring/wring-command",
            "usr/local/share/man/man1/wring.1", "usr/local/lib/systemd/system/wring@.service",
            "usr/local/share/zsh/site-functions/_wring"} <= made
    unit = (tmp_path / "usr/local/lib/systemd/system/wring@.service").read_text()
    assert "ExecStart=/usr/local/bin/wring run " in unit
    assert "etc/apparmor.d/wring" not in made
    assert _uninstall(tmp_path).returncode == 0
    assert _files(tmp_path) == {"usr/local/bin/theirs"}
    assert not list(tmp_path.rglob("wring"))
    again = _uninstall(tmp_path)
    assert again.returncode != 0 and "no install_manifest.txt" in again.stderr


def test_the_engine_can_be_installed_alone(tmp_path):
    _install(tmp_path, "--prefix", "/usr", "--component", "engine")
    assert _files(tmp_path) == {"usr/bin/wring"}
    assert _uninstall(tmp_path).returncode == 0
    assert _files(tmp_path) == set()
