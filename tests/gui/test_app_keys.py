"""Without a key store the keys that were typed in still serve, in memory, and the dialog says so."""

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtTest import QTest

from trader_gui.app.commands import connect_keys
from trader_gui.credentials import KeyStore
from trader_gui.tasks import TaskRegistry
from trader_gui.widgets.dialogs import KeysDialog

KEY, SECRET = "k" * 60 + "7F2C", "s" * 64


def test_keys_typed_without_a_key_store_serve_for_the_session(qt_run: Any, qtbot: Any, tmp_path: Path) -> None:
    async def act() -> None:
        store, tasks = KeyStore(), TaskRegistry(lambda name, error: None)
        dialog = KeysDialog("testnet", "")
        qtbot.addWidget(dialog)
        connect_keys(dialog, store, "testnet", tasks)
        said: asyncio.Queue[str] = asyncio.Queue()
        dialog.show_error = said.put_nowait  # type: ignore[method-assign]
        dialog.open()
        QTest.keyClicks(dialog.api_key, KEY)
        QTest.keyClicks(dialog.secret, SECRET)
        dialog.save_requested.emit(dialog.api_key.text(), dialog.secret.text())
        async with asyncio.timeout(10):
            told = await said.get()
        kept = await store.load("testnet")
        assert kept is not None
        assert (kept.api_key, kept.api_secret) == (KEY, SECRET)
        assert told.startswith("Kept for this session only: ")
        dialog.close()
        await tasks.aclose()

    qt_run(act(), 20)
