"""Closed windows are gone before the next test begins: at some 40 MB each they would add up to gigabytes."""

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent


@pytest.fixture(autouse=True)
def _windows_are_freed(qapp: QCoreApplication) -> Iterator[None]:
    """Deliver what `deleteLater` asked for, which Qt does in a running loop alone, and collect what is left."""
    frozen = gc.get_freeze_count()
    yield
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    if frozen == 0 or frozen != gc.get_freeze_count():  # the first test, or the program froze what it had made
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # what outlives a test is left out of the collections to come: each is cheap then
    gc.collect()
