"""How `wring proxy` begins and ends, what it may do meanwhile, and a tunnel that is down."""

import base64
import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from support.daemon import program
from support.executing import FAR, PAGE, WEB_SERVER, as_user, processes_of_user, python
from support.memory import memory_of
from support.processes import send_to_each, words_of
from support.proxying import (SOCKS, STACK, connected, echo_server, proxy, save_config,
                              socks_connect)
from support.waiting import eventually

# Supervisor, relay and engine, and with lwIP the stack.
PROCESSES = 3 if STACK == "kernel" else 4
SOCKS_SECTION = f"[Socks5]\nBindAddress = 127.0.0.1:{SOCKS}\n"
HANDED_IN_SECTION = "[Socks5]\nBindAddress = systemd:inside\n"
# Hands a socket of that name to a program, as systemd does it.
HAND_IN = ("import os, socket, sys\n"
           "s = socket.create_server(('127.0.0.1', 1080))\n"
           "os.dup2(s.fileno(), 3)\nos.set_inheritable(3, True)\n"
           "os.environ.update(LISTEN_FDS='1', LISTEN_FDNAMES='inside')\n"
           "os.environ['LISTEN_PID'] = str(os.getpid())\n"
           "os.execv(sys.argv[1], sys.argv[1:])\n")


def test_stdin_and_stdout_are_a_connection(place_):
    section = f"[STDIOTunnel]\nTarget = {FAR}:7\n"
    with echo_server(place_.far, FAR, 7):
        with proxy(place_, section, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as made:
            made.process.stdin.write(b"to the far end")
            made.process.stdin.close()
            assert made.process.stdout.read() == b"to the far end"
            assert made.process.wait(20.0) == 0


def test_a_tunnel_that_is_down_is_told_soon(place_):
    """The first waits until the peer counts as silent, the next do not wait."""
    with proxy(place_, SOCKS_SECTION, endpoint="10.7.0.2:9") as made:
        assert made.get("/readyz", "-w", "%{http_code}").stdout == "{}\n200"
        with connected(place_.host, "127.0.0.1", SOCKS) as client:
            begun = time.monotonic()
            assert socks_connect(client, FAR, 80)[1] == 3
            assert time.monotonic() - begun < 14.0
        codes = []
        begun = time.monotonic()
        for _ in range(3):
            with connected(place_.host, "127.0.0.1", SOCKS) as client:
                codes.append(socks_connect(client, FAR, 80)[1])
        assert codes == [3, 3, 3] and time.monotonic() - begun < 3.0
        assert made.get("/readyz", "-w", "%{http_code}").stdout == '{"handshake":0}\n503'


def test_a_peer_that_falls_silent_and_comes_back(place_):
    """With a session: what is sent to it is not answered any more. Once it is, all is as before."""
    def code() -> int:
        with connected(place_.host, "127.0.0.1", SOCKS) as client:
            return socks_connect(client, FAR, 7)[1]

    engine = engine_in(place_.far)
    with echo_server(place_.far, FAR, 7), proxy(place_, SOCKS_SECTION):
        assert code() == 0
        os.kill(engine, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            assert code() != 0 and time.monotonic() - begun < 20.0
            begun = time.monotonic()
            assert [code() for _ in range(4)] == [3] * 4 and time.monotonic() - begun < 4.0
        finally:
            os.kill(engine, signal.SIGCONT)
        eventually(lambda: code() == 0, "it is reached again", 20.0)


def engine_in(host) -> int:
    return next(pid for pid in host.pids() if b"-f" in words_of(pid))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_it(place_, number):
    with proxy(place_, SOCKS_SECTION) as made:
        assert len(processes_of_user()) == PROCESSES
        made.process.send_signal(number)
        assert made.process.wait(20.0) == 0
        eventually(lambda: processes_of_user() == [], "no process is left")


def test_whichever_process_is_killed_the_others_end(place_):
    for index in range(PROCESSES):
        with proxy(place_, SOCKS_SECTION) as made:
            os.kill(sorted(processes_of_user())[index], signal.SIGKILL)
            assert made.process.wait(20.0) != 0
            eventually(lambda: processes_of_user() == [], "no process is left")


# The kernel's stack takes a thread outside.
@pytest.mark.parametrize("section, threads", [
    (SOCKS_SECTION, 2 if STACK == "kernel" else 1),
    (f"[STDIOTunnel]\nTarget = {FAR}:7\n", 4 if STACK == "kernel" else 3)])
def test_what_the_relay_may_do(place_, section, threads):
    with echo_server(place_.far, FAR, 7), proxy(place_, section, stdin=subprocess.PIPE) as made:
        relay = process_of("relay")
        tasks = list(Path(f"/proc/{relay}/task").iterdir())
        assert len(tasks) == threads
        for task in tasks:
            becomes_confined(task)
        assert made.place.keys.private not in open(f"/proc/{relay}/environ").read()


def test_a_key_in_the_environment_is_wiped_from_that_of_the_relay(place_):
    key = place_.keys.private
    with proxy(place_, SOCKS_SECTION, private="$WG_PRIVATE_KEY",
               before=["env", f"WG_PRIVATE_KEY={key}"]) as made:
        assert key in Path(f"/proc/{made.process.pid}/environ").read_text()
        environ = Path(f"/proc/{process_of('relay')}/environ").read_text()
        assert len(environ) > len(key) and environ.strip("\0") == ""


def test_only_the_supervisor_and_the_engine_have_a_key_in_memory(place_):
    """Nor has lwIP's process a password or a variable of the environment."""
    section = f"{SOCKS_SECTION}Username = somebody\nPassword = known-to-few-3141\n"
    with proxy(place_, section, before=["env", "VARIABLE=worth-hiding-2718"]):
        secrets = [base64.b64decode(place_.keys.private), b"known-to-few-3141",
                   b"worth-hiding-2718"]
        # The search finds what is there.
        memory = memory_of(process_of("supervisor"))
        assert all(each in memory for each in secrets)
        assert secrets[0] not in memory_of(process_of("relay"))
        if STACK == "lwip":
            memory = memory_of(process_of("stack"))
            assert not any(each in memory for each in secrets)


def becomes_confined(task: Path) -> None:
    """It is once it serves, which is after it has said where it waits for clients."""
    lines = {"CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1",
             "Seccomp:\t2"}
    eventually(lambda: lines <= set((task / "status").read_text().splitlines()),
               f"{task} has {lines}")


@pytest.mark.skipif(STACK != "lwip", reason="the kernel's stack has no process")
def test_what_the_stack_may_do(place_):
    with proxy(place_, SOCKS_SECTION):
        stack = process_of("stack")
        tasks = list(Path(f"/proc/{stack}/task").iterdir())
        assert len(tasks) == 1
        becomes_confined(tasks[0])
        # Neither a socket of the internet nor a file: what it has was made for it.
        for number in Path(f"/proc/{stack}/fd").iterdir():
            kind = os.readlink(number)
            assert kind.startswith(("socket:", "anon_inode:", "/dev/null")) or number.name == "2"
        inet = "".join(Path(f"/proc/{stack}/net/{table}").read_text()
                       for table in ("tcp", "tcp6", "udp", "udp6"))
        numbers = {os.readlink(each)[8:-1] for each in Path(f"/proc/{stack}/fd").iterdir()
                   if os.readlink(each).startswith("socket:")}
        assert not numbers & set(inet.split())


def process_of(role: str) -> int:
    """A process of the proxy but the engine: they start in this order."""
    roles = ["supervisor", "stack", "relay"] if STACK == "lwip" else ["supervisor", "relay"]
    forked = [pid for pid in processes_of_user() if b"-i" in words_of(pid)]
    assert len(forked) == len(roles)
    return sorted(forked)[roles.index(role)]


def test_a_low_soft_limit_of_descriptors_is_raised(place_):
    """In all processes: 400 connections are there. The hard limit counts, and the log says so."""
    with echo_server(place_.far, FAR, 7), \
            proxy(place_, SOCKS_SECTION, before=["prlimit", "--nofile=128:4400"]) as made, \
            contextlib.ExitStack() as clients:
        most = 403 if STACK == "lwip" else 454
        assert f"at most {most} connections at once, because no more than 4400 files" in made.log()
        for _ in range(400):
            client = clients.enter_context(connected(place_.host, "127.0.0.1", SOCKS))
            assert socks_connect(client, FAR, 7)[1] == 0
            client.sendall(b"x")
            assert client.recv(1) == b"x"


def test_flows_that_never_end_leave_places_to_others(place_):
    """Those that were silent for a minute, once few places are left."""
    sections = (f"{SOCKS_SECTION}\n[UDPProxyTunnel]\nBindAddress = 127.0.0.1:5300\n"
                f"Target = {FAR}:7\n")

    def is_served() -> bool:
        with contextlib.suppress(ConnectionError), \
                connected(place_.host, "127.0.0.1", SOCKS) as client:
            client.sendall(b"\5\1\0")
            return client.recv(2) == b"\5\0"
        return False

    with echo_server(place_.far, FAR, 7), \
            proxy(place_, sections, before=["prlimit", "--nofile=1024:1024"]), \
            contextlib.ExitStack() as clients:
        assert is_served()
        for _ in range(64):
            sender = clients.enter_context(
                place_.host.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sender.sendto(b"x", ("127.0.0.1", 5300))
        eventually(lambda: not is_served(), "all places are taken", 10.0)
        eventually(is_served, "a flow has made room", 120.0, 0.5)


def test_a_port_that_is_taken(place_):
    with proxy(place_, SOCKS_SECTION) as made:
        done = place_.host.run(*as_user(), program(), "proxy", "-c", made.file, check=False)
        assert done.returncode == 1
        assert "[Socks5]: cannot listen on 127.0.0.1:1080: Address already in use" in done.stderr


def test_files_of_others_stay(place_):
    """A second start with the same path, and an ordinary file where a socket would be."""
    path = place_.host.path("/run/user/files.sock")
    with proxy(place_, "[Socks5]\nBindAddress = unix:/run/user/files.sock\n") as made:
        before = os.stat(path).st_ino
        done = place_.host.run(*as_user(), program(), "proxy", "-c", made.file, check=False)
        assert done.returncode == 1 and "files.sock: Address already in use" in done.stderr
        assert os.stat(path).st_ino == before
    assert not os.path.exists(path)
    notes = place_.save("notes.txt", "notes")
    file = place_.save("notes.conf", Path(made.file).read_text().replace("/run/user/files.sock",
                                                                         notes))
    done = place_.host.run(*as_user(), program(), "proxy", "-c", file, check=False)
    assert done.returncode == 1 and Path(notes).read_text() == "notes"


def test_sockets_that_are_handed_in(place_):
    """As systemd does it."""
    with python(place_.far, WEB_SERVER, FAR), \
            proxy(place_, HANDED_IN_SECTION, before=["/usr/bin/python3", "-c", HAND_IN]) as made:
        done = made.curl("--socks5-hostname", f"127.0.0.1:{SOCKS}", f"http://{FAR}/")
        assert (done.stdout, done.stderr) == (PAGE, "")
        by_program = {os.readlink(f"/proc/{pid}/exe").rsplit("/", 1)[1]: pid
                      for pid in processes_of_user()}
        socket = os.readlink(f"/proc/{by_program['wring-proxy']}/fd/3")
        assert socket.startswith("socket:")
        engines = Path(f"/proc/{by_program['wring']}/fd")
        assert socket not in [os.readlink(each) for each in engines.iterdir()]


def test_nothing_in_the_background_keeps_the_terminal(place_):
    """The command's output has an end, because no process has it open any more. Sockets that are
    handed in serve there, too."""
    file = save_config(place_, HANDED_IN_SECTION)
    try:
        done = place_.host.run(*as_user(), "env", "LOG_LEVEL=verbose", "/usr/bin/python3",
                                "-c", HAND_IN, program(), "proxy", "-d", "-c", file, timeout=20.0)
        assert done.returncode == 0 and " wring wg0 debug: " in done.stderr
        assert "Socks5 on systemd:inside" in done.stderr
        pids = processes_of_user()
        assert len(pids) == 3
        for pid in pids:
            assert not any("pipe:" in os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (0, 1, 2))
    finally:
        send_to_each(processes_of_user(), signal.SIGTERM)
        eventually(lambda: processes_of_user() == [], "no process is left")
