"""`wring run` beside wg-quick: what both make of the same files, and what is left of it."""

import signal
from pathlib import Path

import pytest

from support.daemon import program
from support.quick import WgQuick
from support.run_state import (assert_clean, pair_of_files, settings, state,
                               with_resolvconf)
from support.running import Run
from support.transfer import ping, send_tcp
from support.waiting import eventually

GOOD = Path(__file__).resolve().parents[1] / "configs" / "good"
# Their hooks need programs that are not here.
LEFT_OUT = {"manual-key-from-pass", "manual-kill-switch", "manual-policy-routing"}
FILES = sorted(path.stem for path in GOOD.glob("*.conf") if path.stem not in LEFT_OUT)
# Debian 12's wg-quick takes the greatest MTU of the ways to the endpoints. Later ones take the
# least, and so does wring.
LEAST_MTU = {"manual-of-wg": 1320}


def _read(path):
    """How resolvconf was called, but for the question that wg-quick has when it saves a file."""
    return path.read_text().replace("-l wg0\n", "") if path.exists() else ""


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_the_effect_that_it_has_with_wg_quick(host_with_ways, tmp_path, name):
    host = host_with_ways
    quick = WgQuick(host_with_ways, tmp_path)
    quick.env.update(with_resolvconf(tmp_path, "theirs"))
    text = (GOOD / f"{name}.conf").read_text()
    path = quick.write("wg0", text)
    before = state(host, "lo")
    quick.up(path)
    theirs, told = state(host, "wg0"), settings(host, "wg0")
    if name in LEAST_MTU:
        theirs["links"][0]["mtu"] = LEAST_MTU[name]
    quick.down(path)
    eventually(lambda: host.pids() == [], "the engine of wg-quick ends")
    assert state(host, "lo") == before
    quick.write("wg0", text)  # It may have been saved.
    with Run(host, str(path), "--allow-hooks", env=with_resolvconf(tmp_path, "ours")):
        # A name is looked up while the interface is up already.
        eventually(lambda: settings(host, "wg0") == told, "the engine is told the same")
        ours = state(host, "wg0")
    assert ours == theirs
    assert _read(tmp_path / "ours") == _read(tmp_path / "theirs")
    assert state(host, "lo") == before
    assert_clean(host, "wg0")


def test_a_default_route_carries_traffic_and_needs_no_other_program(pair, tmp_path):
    a, b = pair
    b.add_address("lo", "192.0.2.1/32")
    b.add_address("lo", "2001:db8::1/128")
    left, right = pair_of_files(tmp_path, "0.0.0.0/0, ::/0", "10.7.0.2:51820")
    bare = {"PATH": "/nowhere"}
    with Run(b, right, env=bare), Run(a, left, env=bare):
        assert ping(a, "192.0.2.1").lost == 0
        assert ping(a, "2001:db8::1").lost == 0
        assert ping(b, "fd09::1").lost == 0
        send_tcp(a, b, "192.0.2.1", 1_000_000)
    assert_clean(a, "wg0")
    assert_clean(b, "wg0")


def test_dns_without_a_program_for_it_is_told(pair, tmp_path):
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820", extra="DNS = 10.9.0.2")
    with Run(pair[0], left, env={"PATH": "/nowhere"}) as run:
        assert "DNS is not set" in run.log() and "install resolvconf" in run.log()


def test_ctrl_c_ends_it_as_well(pair, tmp_path):
    left, _ = pair_of_files(tmp_path, "0.0.0.0/0", "10.7.0.2:51820")
    with Run(pair[0], left) as run:
        assert run.stop(signal.SIGINT) == 0
    assert_clean(pair[0], "wg0")


def test_what_a_killed_one_left_is_cleared_by_the_next(host_with_ways, tmp_path):
    host = host_with_ways
    env = with_resolvconf(tmp_path, "dns")
    left, _ = pair_of_files(tmp_path, "0.0.0.0/0, ::/0", "10.7.1.2:51820", "DNS = 10.9.0.9")
    fresh = state(host, "lo")
    with Run(host, left, env=env) as first:
        once = state(host, "wg0")
        first.kill()
    # Rules outlast it. Its engine goes by itself, perhaps not at once.
    assert "51820" in host.ip("rule", "show")
    with Run(host, left, env=env) as second:
        assert "clearing up" in second.log()
        assert state(host, "wg0") == once
    assert state(host, "lo") == fresh
    assert_clean(host, "wg0")
    added, removed = (_read(tmp_path / "dns").count(f"{option} wg0") for option in ("-a", "-d"))
    assert (added, removed) == (2, 2)


def test_the_engines_end_is_noticed_and_all_is_taken_back(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "0.0.0.0/0", "10.7.0.2:51820")
    with Run(a, left) as run:
        a.ip("link", "delete", "wg0")
        assert run.await_end() == 1
        assert "the engine of wg0 ended" in run.log()
    assert_clean(a, "wg0")


HOOKS = "\n".join(f"{point} = echo {point} %i >> {{log}}"
                  for point in ("PreUp", "PostUp", "PreDown", "PostDown"))


def test_options_behind_dashes_are_the_engines(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "0.0.0.0/0", "10.7.0.2:51820")
    with Run(a, left, "--", "--workers", "2", "--io", "epoll"):
        shown = a.run(program(), "show", "wg0").stdout
        assert "workers: 2\n" in shown and "pump: epoll\n" in shown, shown
    done = a.run(program(), "run", left, "--", "--workers", "none", check=False)
    assert done.returncode == 1 and "wring: " in done.stderr and "--workers" in done.stderr, done
    assert_clean(a, "wg0")


def test_hooks_run_in_order_if_they_are_allowed(pair, tmp_path):
    a, log = pair[0], tmp_path / "hooks"
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820", HOOKS.format(log=log))
    with Run(a, left, "--allow-hooks"):
        assert log.read_text() == "PreUp wg0\nPostUp wg0\n"
    assert log.read_text() == "PreUp wg0\nPostUp wg0\nPreDown wg0\nPostDown wg0\n"


def test_hooks_that_are_not_allowed_are_refused_with_their_line(pair, tmp_path):
    a, log = pair[0], tmp_path / "hooks"
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820", HOOKS.format(log=log))
    done = a.run(program(), "run", left, check=False)
    assert done.returncode == 1 and f"{left}:5:" in done.stderr
    assert "add --allow-hooks" in done.stderr
    assert not log.exists()
    assert_clean(a, "wg0")


def test_a_hook_that_fails_takes_all_back(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "0.0.0.0/0", "10.7.0.2:51820", "PostUp = exit 3")
    done = a.run(program(), "run", left, "--allow-hooks", check=False)
    assert done.returncode == 1
    assert "PostUp of line 5: it ended with status 3: exit 3" in done.stderr
    assert_clean(a, "wg0")


def test_stdin_serves_as_the_file(pair, tmp_path):
    a, b = pair
    left, right = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    with Run(b, right), Run(a, "-", "--interface", "tun7", text=Path(left).read_text()):
        assert ping(a, "10.9.0.2").lost == 0
        assert a.has_link("tun7")
    assert_clean(a, "tun7")


REFUSED = {
    "stdin has no name": (["-"], "add --interface"),
    "a name that is none": (["-", "--interface", "a/b"], "can be no interface's name"),
    "no file": (["/nowhere/wg0.conf"], "cannot open /nowhere/wg0.conf"),
    "an interface that is there": (["-", "--interface", "eth0"], "eth0 already exists"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_brought_up_is_refused(pair, tmp_path, case):
    words, message = REFUSED[case]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    done = pair[0].run(program(), "run", *words, input=Path(left).read_text(), check=False)
    assert done.returncode == 1 and message in done.stderr
    assert_clean(pair[0], "wg0")


def test_one_interface_has_one_supervisor(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.9.0.2/32", "10.7.0.2:51820")
    with Run(a, left):
        done = a.run(program(), "run", left, check=False)
        assert done.returncode == 1 and "another `wring run` has wg0" in done.stderr
        assert a.has_link("wg0")


def test_names_of_routing_tables_are_known(pair, tmp_path):
    a = pair[0]
    left, _ = pair_of_files(tmp_path, "10.99.0.0/16", "10.7.0.2:51820", "Table = main")
    with Run(a, left):
        assert "10.99.0.0/16 dev wg0" in a.ip("route", "show", "table", "main")
    Path(left).write_text(Path(left).read_text().replace("= main", "= nowhere"))
    done = a.run(program(), "run", left, check=False)
    assert done.returncode == 1 and "there is no routing table nowhere" in done.stderr
    assert_clean(a, "wg0")
