"""What ThreadSanitizer reports of the daemons of a test.

A conftest.py takes both fixtures by `from support.races import ...`. They do something where
WRING_RACES is set: to the path of a program that has a race (racing.cpp), by which the tests know
that they would hear of one.
"""

import os
import subprocess
from pathlib import Path

import pytest

_RACING = os.environ.get("WRING_RACES")


def _log_to(folder: Path) -> dict[str, str]:
    # Each process writes a file of its own there, if it has anything to report.
    return {"TSAN_OPTIONS": f"log_path={folder}/report:halt_on_error=0"}


def _reports(folder: Path) -> list[str]:
    return [path.read_text() for path in sorted(folder.glob("report.*"))]


@pytest.fixture(scope="session", autouse=bool(_RACING))
def races_are_reported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("racing")
    assert _RACING is not None
    subprocess.run([_RACING], env={**os.environ, **_log_to(folder)})
    assert any("data race" in report for report in _reports(folder)), "no race is ever reported"


@pytest.fixture(autouse=bool(_RACING))
def no_race(tmp_path_factory, monkeypatch):
    """Fails a test in which a daemon had a race, a deadlock or anything else to report."""
    folder = tmp_path_factory.mktemp("reports")
    for name, value in _log_to(folder).items():
        monkeypatch.setenv(name, value)
    yield
    if found := _reports(folder):
        pytest.fail("\n".join(found), pytrace=False)
