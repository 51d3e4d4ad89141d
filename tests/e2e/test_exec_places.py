"""`wring exec` where little is allowed: in a container, and where namespaces are refused."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from support.daemon import program
from support.environments import Container
from support.executing import FAR, PAGE, PYTHON, WEB_SERVER, as_user, place, python


@pytest.fixture
def place_(pair):
    yield from place(pair, "600")


@pytest.fixture
def container(place_):
    assert shutil.which("podman") and shutil.which("runc"), "run tools/install-deps.sh"
    # podman wants a short path.
    with tempfile.TemporaryDirectory(prefix="wring-") as folder:
        yield Container(place_.host, Path(folder))


def test_nobody_in_a_container_of_default_settings_reaches_the_page(place_, container):
    os.chown(place_.file, 65534, -1)
    # With the host's network, so that the cable reaches it.
    command = container.command_of_nobody("--network=host", "-v", f"{place_.file}:/wg0.conf:ro")
    with python(place_.far, WEB_SERVER, FAR):
        done = place_.host.run(*command, "exec", "/wg0.conf", "--", "curl", "-s", f"http://{FAR}/",
                               check=False)
    assert (done.returncode, done.stdout) == (0, PAGE), done
    assert done.stderr == ""


LIMITS = {
    "user": "cannot make a user namespace",
    "mnt": "cannot make a mount namespace",
    "net": "cannot make a network namespace",
}


@pytest.mark.parametrize("kind", LIMITS)
def test_a_limit_of_zero_is_named_with_the_way_to_raise_it(place_, kind):
    key = f"max_{kind}_namespaces"
    # The limit of a user namespace holds for all that is made inside of it.
    limited = ["unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c",
               f'echo 0 > /proc/sys/user/{key} && exec "$@"', "sh"]
    done = place_.host.run(*as_user(), *limited, program(), "exec", place_.file, "--", "true",
                           check=False)
    assert done.returncode == 125
    assert done.stderr == (
        f"wring exec: {LIMITS[kind]}: No space left on device; this system forbids them, because "
        f"user.{key} is 0; on the host, run `sysctl -w user.{key}=10000`\n")


@pytest.mark.parametrize("call, said", [
    ("unshare", "cannot make a user namespace"),
    ("mount", "cannot mount in the new mount namespace"),
])
def test_a_filter_of_system_calls_is_named(place_, call, said):
    script = Path(__file__).resolve().parents[1] / "support" / "deny_syscall.py"
    denied = place_.folder / "deny.py"
    shutil.copy(script, denied)
    done = place_.host.run(*as_user(), PYTHON, str(denied), call, "EPERM", program(), "exec",
                           place_.file, "--", "true", check=False)
    assert done.returncode == 125
    assert done.stderr.startswith(
        f"wring exec: {said}: Operation not permitted; a filter of system calls forbids it, as "
        "Docker's default one does; ")
