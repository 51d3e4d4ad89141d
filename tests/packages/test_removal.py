"""What an upgrade, a removal and a purge leave, and the AppArmor profile. The last test on the
machine."""

from support.waiting import eventually

PROFILE = "/etc/apparmor.d/wring"
LINK = "/etc/systemd/system/multi-user.target.wants/wring@wg0.service"


def _exists(machine, path):
    return machine.run("test", "-e", path, check=False).returncode == 0


def _has_link(machine, path):
    return machine.run("test", "-L", path, check=False).returncode == 0


def _install_apparmor_4(machine):
    """As far as dpkg and our package can see: a package with its folder of rules."""
    machine.shell("mkdir -p /tmp/a/DEBIAN /tmp/a/etc/apparmor.d/abi && touch "
                  "/tmp/a/etc/apparmor.d/abi/4.0 && printf 'Package: stand-in\\nVersion: 4\\n"
                  "Architecture: all\\nMaintainer: a <a@b>\\nDescription: a\\n' "
                  "> /tmp/a/DEBIAN/control && dpkg-deb --build /tmp/a /tmp/a.deb && "
                  "dpkg --install /tmp/a.deb")


def test_a_life_of_the_package(machine, wg0):
    machine.run("systemctl", "enable", "--now", "wring@wg0")
    before = machine.service("wring@wg0", "MainPID")

    # AppArmor comes after wring, in a version that knows the rules of the profile.
    assert not _exists(machine, PROFILE)
    _install_apparmor_4(machine)
    assert "userns," in machine.run("cat", PROFILE).stdout

    machine.shell("dpkg --install /next/wring_*.deb")
    shown = machine.run("dpkg-query", "--show", "wring").stdout
    assert shown.split() == ["wring", "99"]
    # The tunnel goes on as it was, and can be restarted.
    assert machine.service("wring@wg0", "MainPID", "ActiveState") == {
        **before, "ActiveState": "active"}
    machine.run("systemctl", "reload", "wring@wg0")
    machine.run("systemctl", "restart", "wring@wg0")
    assert machine.service("wring@wg0", "MainPID") != before

    machine.run("dpkg", "--remove", "wring")
    assert machine.from_outside("ip", "link").count("wg0") == 0
    assert not any(_exists(machine, path) for path in
                   ("/usr/bin/wring", "/usr/libexec/wring", "/usr/share/wring", PROFILE,
                    "/lib/systemd/system/wring@.service", "/run/wring/wg0.json"))
    assert _has_link(machine, LINK)
    assert "WireGuard tunnel" not in machine.run("systemctl", "list-units").stdout

    machine.run("dpkg", "--purge", "wring")
    assert not _has_link(machine, LINK)
    left = machine.shell("find /etc /usr /lib /var -path '*wring*' -not -path '/var/log/*' "
                         "-not -path '/var/cache/*' -not -path '*/credstore/*'").stdout
    assert left == ""
    # Configurations are the administrator's.
    assert _exists(machine, "/etc/wireguard/wg0.conf")


def test_a_profile_that_was_changed_by_hand_outlives_an_upgrade(machine):
    machine.shell("dpkg --install /debs/wring_*.deb")
    assert _exists(machine, PROFILE)
    machine.shell(f"echo '# ours' >> {PROFILE} && dpkg --install /next/wring_*.deb")
    assert machine.run("cat", PROFILE).stdout.endswith("# ours\n")
    machine.run("dpkg", "--purge", "wring")
    assert not _exists(machine, PROFILE)
    eventually(lambda: machine.run("systemctl", "is-system-running", check=False).stdout
               == "running\n", "nothing has failed on the machine", 10.0, 0.3)
