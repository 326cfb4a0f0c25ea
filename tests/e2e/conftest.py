"""A screen for the tests of a file, and windows in this process that tell where things are."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.person import Map
from tests.e2e.x_screen import XScreen


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[XScreen]:
    made = XScreen(tmp_path_factory.mktemp("screen"))
    yield made
    made.close()


@pytest.fixture
def look_up(qtbot: Any) -> Callable[..., Map]:
    return lambda *state, **more: Map(qtbot, *state, **more)
