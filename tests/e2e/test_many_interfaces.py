"""Many interfaces on one host, with the limit of inotify instances that a system has by itself."""

from contextlib import ExitStack

from support.daemon import Daemon
from support.environments import UserNamespace

_INTERFACES = 130
_DEFAULT_LIMIT = 128  # fs/notify/inotify/inotify_user.c


def test_more_interfaces_than_inotify_instances(net):
    """The user is one of this test alone, so nobody else's instances count."""
    host = net.host("a", UserNamespace)
    # Its own limit, which comes beside that of the machine.
    host.sysctl("user.max_inotify_instances", _DEFAULT_LIMIT)
    names = [f"wg{number}" for number in range(_INTERFACES)]
    with ExitStack() as stack:
        daemons = [stack.enter_context(Daemon(host, name, "--workers", "1")) for name in names]
        shown = host.run("wg", "show", "interfaces").stdout.split()
        assert sorted(shown) == sorted(names)
        # A line of each one, which has no peer.
        answers = host.run("wg", "show", "all", "dump").stdout.splitlines()
        assert sorted(line.split("\t")[0] for line in answers) == sorted(names)
        unwatched = [daemon for daemon in daemons if "max_user_instances" in daemon.log()]
        assert len(unwatched) == _INTERFACES - _DEFAULT_LIMIT
        assert all(daemon.running() for daemon in daemons)
        # Each one leaves neither interface nor socket.
        assert {daemon.stop() for daemon in daemons} == {0}
    assert host.run("wg", "show", "interfaces").stdout.split() == []
