"""Fixtures of the conformance suite, the threads that wait, and the page that it writes."""

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1])]

from support.needs import SKIPPED, obstacle  # noqa: E402

import page  # noqa: E402
from rig import Wring  # noqa: E402


class Waiting:
    """Runs every test that is marked `waits` at once, each in a thread and all with one wring of
    their own, while the others run in their order. `outcomes` has their results."""

    def __init__(self, items):
        self.outcomes: dict[str, Future] = {}
        if not items:
            return
        self.wring = Wring()
        self._threads = ThreadPoolExecutor(len(items))
        for item in items:
            self.outcomes[item.nodeid] = self._threads.submit(item.function, self.wring)

    def close(self) -> None:
        if self.outcomes:
            # Closes their sockets, so that after an interruption none of them waits on.
            self.wring.__exit__(None, None, None)
            self._threads.shutdown()


def pytest_addoption(parser):
    parser.addoption("--write-page", action="store_true",
                     help="write docs/conformance.md from this run; it must be one of all tests")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    config.collected = list(items)
    items.sort(key=lambda item: item.get_closest_marker("waits") is not None)
    if reason := obstacle():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtestloop(session):
    waits = [] if session.config.option.collectonly or obstacle() else [
        item for item in session.items if item.get_closest_marker("waits")]
    session.config.waiting = Waiting(waits)
    try:
        yield
    finally:
        session.config.waiting.close()


def pytest_pyfunc_call(pyfuncitem):
    """A test that waits has been running since the start: this takes its result."""
    outcome = pyfuncitem.config.waiting.outcomes.get(pyfuncitem.nodeid)
    if outcome is None:
        return None
    outcome.result(timeout=120)
    return True


def pytest_runtest_logreport(report):
    if report.failed:
        _failed.add(page.rule_of(report.location[2]))


_failed: set = set()


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    ran = reporter and any(reporter.stats.get(kind) for kind in ("passed", "failed", "error"))
    if exitstatus == 0 and not ran and not session.config.option.collectonly:
        session.exitstatus = SKIPPED
    if session.config.option.write_page and ran:
        tests = page.tests_by_rule(session.config.collected)
        page.PAGE.write_text(page.render(tests, frozenset(_failed)))


@pytest.fixture(scope="session")
def wring():
    """One wring for all tests that leave it as it was: each has peers of its own in it."""
    with Wring() as made:
        yield made


@pytest.fixture
def peer(wring):
    """A peer that `wring` knows, with an endpoint; it goes with the test."""
    made = wring.peer()
    yield made
    made.configure("remove=true")


@pytest.fixture
def patient(request):
    """The wring of the tests that wait, which all use it at once."""
    return request.config.waiting.wring


@pytest.fixture
def own_wring():
    """A wring that one test has for itself."""
    with Wring("--workers", "1") as made:
        yield made
