"""Credentials: shown nowhere, read or refused, never overwritten in doubt."""

import asyncio
import copy
import json
import pickle
import threading
from collections.abc import Awaitable
from typing import Any, TypeVar

import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from trader_gui import log
from trader_gui.credentials import SERVICE, Credentials, KeyStore
from trader_gui.errors import UserError

T = TypeVar("T")
KEYS = Credentials("key-0123456789abcd", "secret-0123456789xyz")


def run(awaitable: Awaitable[T]) -> T:
    async def main() -> T:
        async with asyncio.timeout(5):
            return await awaitable

    return asyncio.run(main())


def test_a_secret_shows_nowhere() -> None:
    for text in (repr(KEYS), str(KEYS), f"{KEYS}", f"{KEYS!r}", "%s" % KEYS, repr([KEYS]), repr({"k": KEYS})):  # noqa: UP031
        assert "0123456789" not in text
    for copying in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copying(KEYS)
    with pytest.raises(TypeError):
        json.dumps(KEYS)
    assert not hasattr(KEYS, "__dict__")
    assert KEYS.hint == "abcd"
    assert "secret-0123456789xyz" not in log.redact("it was secret-0123456789xyz")


@pytest.mark.parametrize(
    ("key", "secret", "words"),
    [
        ("", "s", "API key is empty"),
        ("k", " \n", "API secret is empty"),
        ("a b", "s", "copy it again"),
        ("ключ", "s", "API key"),
    ],
)
def test_what_cannot_be_a_key_is_refused_without_being_shown(key: str, secret: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        Credentials(key, secret)
    assert "ключ" not in str(caught.value)


def test_keys_come_back_and_profiles_are_apart(memory_keyring: Any) -> None:
    async def main() -> None:
        store = KeyStore()
        await store.save("testnet", Credentials(" key-1\n", "secret-1"))
        assert await store.load("testnet") == Credentials("key-1", "secret-1")
        assert await store.load("live") is None
        await store.save("testnet", KEYS)
        assert await KeyStore().load("testnet") == KEYS
        await store.delete("testnet")
        await store.delete("testnet")
        assert await store.load("testnet") is None

    run(main())
    assert memory_keyring.entries == {}


def test_keys_for_the_session_are_never_stored(memory_keyring: Any) -> None:
    async def main() -> None:
        store = KeyStore()
        store.keep_for_session("live", KEYS)
        assert await store.load("live") == KEYS
        assert await KeyStore().load("live") is None
        store.forget_session("live")
        assert await store.load("live") is None

    run(main())
    assert memory_keyring.entries == {}


@pytest.mark.parametrize("content", ["", "{", '{"api_key": "k"}', '{"api_key": "", "api_secret": "s"}', "[1]"])
def test_a_damaged_entry_is_told_never_overwritten_and_can_be_deleted(memory_keyring: Any, content: str) -> None:
    memory_keyring.entries[SERVICE, "live"] = content

    async def main() -> None:
        store = KeyStore()
        for attempt in (store.load("live"), store.save("live", KEYS)):
            with pytest.raises(UserError, match="stored keys of profile live cannot be read: delete them"):
                await attempt
        assert memory_keyring.entries == {(SERVICE, "live"): content}
        await store.delete("live")
        await store.save("live", KEYS)

    run(main())


class BrokenKeyring(KeyringBackend):
    """Reads raise `error`; writes are counted."""

    priority = 1.0  # type: ignore[assignment]

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error
        self.writes = 0

    def get_password(self, service: str, username: str) -> str | None:
        if self.error is not None:
            raise self.error
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.writes += 1


@pytest.mark.parametrize(
    ("error", "words"),
    [(KeyringLocked("x"), "is locked: unlock it"), (OSError("D-Bus went away"), "failed .OSError.")],
)
def test_a_read_that_fails_never_leads_to_a_write(error: Exception, words: str) -> None:
    backend = BrokenKeyring(error)
    with pytest.raises(UserError, match=words):
        run(KeyStore(backend).save("live", KEYS))
    assert backend.writes == 0


def test_a_store_that_forgets_is_found_out() -> None:
    with pytest.raises(UserError, match="did not keep the keys"):
        run(KeyStore(BrokenKeyring(None)).save("live", KEYS))


@pytest.mark.parametrize("module", ["keyring.backends.null", "keyring.backends.fail"])
def test_a_store_that_protects_nothing_is_refused(module: str) -> None:
    import importlib

    backend = importlib.import_module(module).Keyring()
    for attempt in ("load", "delete"):
        with pytest.raises(UserError, match=r"no key store that protects keys.*this session only"):
            run(getattr(KeyStore(backend), attempt)("live"))
    with pytest.raises(UserError, match="no key store that protects keys"):
        run(KeyStore(backend).save("live", KEYS))


def test_a_store_that_hangs_is_given_up() -> None:
    let_go = threading.Event()

    class HangingKeyring(BrokenKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            let_go.wait(10)
            return None

    try:
        with pytest.raises(UserError, match="did not answer within 0 s"):
            run(KeyStore(HangingKeyring(None), limit_s=0.05).load("live"))
    finally:
        let_go.set()
