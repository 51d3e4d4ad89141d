"""`wring proxy` and names that are looked up outside, by the servers of the host."""

import os
from pathlib import Path

from support.executing import FAR, PAGE, WEB_SERVER, python
from support.proxying import SOCKS, connected, dns_answerer, proxy, socks_connect
from support.waiting import eventually

SECTION = f"[Socks5]\nBindAddress = 127.0.0.1:{SOCKS}\n"


def test_servers_of_the_host_that_change_are_asked(place_):
    """The file is replaced, as programs do it. The relay may open no file of /etc but the first."""
    place_.host.run("sh", "-c", "mount -t tmpfs tmpfs /mnt && cp -a /etc/. /mnt && "
                    "mount --bind /mnt /etc && rm -f /etc/resolv.conf && "
                    "echo nameserver 127.0.0.9 > /etc/resolv.conf")
    file = Path(place_.host.path("/etc/resolv.conf"))
    with python(place_.far, WEB_SERVER, FAR), \
            dns_answerer(place_.host, "127.0.0.1", {"web.example": (FAR,)}), \
            proxy(place_, SECTION) as made:
        with connected(place_.host, "127.0.0.1", SOCKS) as client:
            assert socks_connect(client, "web.example", 80)[1] == 4
        other = file.with_name("resolv.conf.new")
        other.write_text("nameserver 127.0.0.1\n")
        os.replace(other, file)
        eventually(lambda: made.curl("--socks5-hostname", f"127.0.0.1:{SOCKS}",
                                     "http://web.example/").stdout == PAGE, "the name is found")
