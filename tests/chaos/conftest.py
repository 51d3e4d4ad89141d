"""Hosts for the relay and its two ends."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1])]

from support.needs import pytest_collection_modifyitems, pytest_sessionfinish  # noqa: E402, F401
from support.netns import Net  # noqa: E402


@pytest.fixture
def net():
    with Net() as made:
        yield made
