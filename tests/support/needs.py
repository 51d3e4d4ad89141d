"""What the tests with real daemons need of a machine. A conftest.py takes both hooks by
`from support.needs import ...`."""

import os

import pytest

from .daemon import program

SKIPPED = 77  # What ctest is told to show as skipped.


def obstacle() -> str:
    """Why no daemon can be run here; empty if it can."""
    if os.geteuid() != 0:
        return "needs root, to make network namespaces"
    if not os.path.exists("/dev/net/tun"):
        return "needs /dev/net/tun"
    if not os.access(program(), os.X_OK):
        return f"no daemon at {program()}: build it, or set WRING"
    return ""


def pytest_collection_modifyitems(items):
    if reason := obstacle():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    ran = any(reporter.stats.get(kind) for kind in ("passed", "failed", "error"))
    if exitstatus == 0 and not ran:
        session.exitstatus = SKIPPED
