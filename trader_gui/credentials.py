"""API key and secret in the operating system's key store; the one holder of a secret, and it shows nothing.

One entry per profile holds key and secret together, so that a write is whole or not at all. A read that fails never
leads to a write. Only stores that really keep and protect what they are given are accepted. Where there is none, keys
may be kept for the session only, in memory.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

import msgspec

from trader_gui.errors import TraderError, UserError
from trader_gui.log import register_secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "Trader GUI"
CALL_LIMIT_S = 30.0
"""Long enough for a person to answer the system's own question for a password."""

_REFUSED = ("keyring.backends.null", "keyring.backends.fail", "keyrings.alt")
_REMEDY = "on Linux, install and start a Secret Service such as gnome-keyring; or use the keys for this session only"

T = TypeVar("T")


class Credentials:
    """An API key with its secret. Neither is ever shown, copied into a pickle or compared in text.

    Attributes:
        api_key, api_secret: As the venue gave them.
    """

    __slots__ = ("api_key", "api_secret")

    def __init__(self, api_key: str, api_secret: str) -> None:
        """Check and keep both; surrounding blanks from a paste are dropped.

        Raises:
            UserError: One is empty, or holds something that no key holds.
        """
        self.api_key = _checked("API key", api_key)
        self.api_secret = _checked("API secret", api_secret)
        register_secret(self.api_key)
        register_secret(self.api_secret)

    @property
    def hint(self) -> str:
        """The last four characters of the key: enough to know it by."""
        return self.api_key[-4:]

    def __repr__(self) -> str:
        return "Credentials(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credentials) and (self.api_key, self.api_secret) == (other.api_key, other.api_secret)

    def __hash__(self) -> int:
        return hash((self.api_key, self.api_secret))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("credentials are not to be copied or stored")


class _Entry(msgspec.Struct):
    """What one entry of the key store holds, as JSON."""

    api_key: str
    api_secret: str


class KeyStore:
    """Keys by profile, in the operating system's key store or, when asked for, in memory for this session.

    Every call to the key store runs in a thread of its own and is given up after a time limit: a key store may be
    waiting for a person.
    """

    def __init__(self, backend: "KeyringBackend | None" = None, *, limit_s: float = CALL_LIMIT_S) -> None:
        """Make a store.

        Args:
            backend: None takes the system's own, found at the first call.
            limit_s: Time limit of one call.
        """
        self._backend = backend
        self._limit_s = limit_s
        self._session_only: dict[str, Credentials] = {}

    def keep_for_session(self, profile: str, credentials: Credentials) -> None:
        """Keep keys in memory only; they win over the stored ones until `forget_session`."""
        self._session_only[profile] = credentials

    def forget_session(self, profile: str) -> None:
        """Forget keys that were kept in memory only."""
        self._session_only.pop(profile, None)

    async def load(self, profile: str) -> Credentials | None:
        """Return the keys of `profile`, None when none are stored.

        Raises:
            UserError: There is no usable key store, it is locked, it does not answer, or the entry is damaged.
        """
        if profile in self._session_only:
            return self._session_only[profile]
        return await self._call(lambda backend: _read(backend, profile))

    async def save(self, profile: str, credentials: Credentials) -> None:
        """Store keys, replacing those of the same profile, and read them back.

        Raises:
            UserError: As `load`; or what is stored there cannot be read, and is then left alone.
        """
        await self._call(lambda backend: _write(backend, profile, credentials))
        self.forget_session(profile)

    async def delete(self, profile: str) -> None:
        """Remove the keys of `profile`, readable or not; it is no error when there are none.

        Raises:
            UserError: As `load`.
        """
        self.forget_session(profile)
        await self._call(lambda backend: _remove(backend, profile))

    async def check(self) -> str:
        """Return the name of the key store in use.

        Raises:
            UserError: There is no usable one.
        """
        return await self._call(lambda backend: str(getattr(backend, "name", type(backend).__name__)))

    async def _call(self, work: "Callable[[KeyringBackend], T]") -> T:
        """Run `work` in a daemon thread: closing the program does not wait for a key store that hangs."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(result)  # type: ignore[arg-type]  # T may itself be None

        def run() -> None:
            result, error = None, None
            try:
                result = work(self._usable_backend())
            except Exception as problem:  # noqa: BLE001 - backends raise what their systems raise
                error = _as_user_error(problem)
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:  # the loop was closed while the key store was thinking: nobody waits any more
                return

        threading.Thread(target=run, name="keyring", daemon=True).start()
        try:
            async with asyncio.timeout(self._limit_s):
                return await answer
        except TimeoutError:
            raise UserError(
                f"the system's key store did not answer within {self._limit_s:.0f} s: unlock it, or use the keys for "
                "this session only"
            ) from None

    def _usable_backend(self) -> "KeyringBackend":
        if self._backend is None:
            import keyring

            self._backend = keyring.get_keyring()
        backend = _chosen(self._backend)
        module = type(backend).__module__
        if module.startswith(_REFUSED):
            raise UserError(f"no key store that protects keys was found ({module}): {_REMEDY}")
        return backend


def _chosen(backend: "KeyringBackend") -> "KeyringBackend":
    """Return the store that a chain of stores would use."""
    members = getattr(backend, "backends", None)
    if type(backend).__module__ == "keyring.backends.chainer" and members:
        first: KeyringBackend = next(iter(members))
        return first
    return backend


def _read(backend: "KeyringBackend", profile: str) -> Credentials | None:
    text = backend.get_password(SERVICE, profile)
    if text is None:
        return None
    try:
        entry = msgspec.json.decode(text, type=_Entry)
        return Credentials(entry.api_key, entry.api_secret)
    except (msgspec.DecodeError, UserError):
        raise UserError(
            f"the stored keys of profile {profile} cannot be read: delete them under File, Keys and enter them again"
        ) from None


def _write(backend: "KeyringBackend", profile: str, credentials: Credentials) -> None:
    _read(backend, profile)
    entry = _Entry(credentials.api_key, credentials.api_secret)
    backend.set_password(SERVICE, profile, msgspec.json.encode(entry).decode())
    if _read(backend, profile) != credentials:
        raise UserError(f"the system's key store did not keep the keys: {_REMEDY}")


def _remove(backend: "KeyringBackend", profile: str) -> None:
    from keyring.errors import PasswordDeleteError

    try:
        backend.delete_password(SERVICE, profile)
    except PasswordDeleteError:
        if backend.get_password(SERVICE, profile) is not None:
            raise


def _as_user_error(error: Exception) -> TraderError:
    """Return `error` as one line with its remedy; the backend's own text never holds a secret, but is left out."""
    from keyring.errors import KeyringLocked, NoKeyringError

    if isinstance(error, TraderError):
        return error
    if isinstance(error, KeyringLocked):
        return UserError("the system's key store is locked: unlock it and try again")
    if isinstance(error, NoKeyringError):
        return UserError(f"this system has no key store: {_REMEDY}")
    return UserError(f"the system's key store failed ({type(error).__name__}): unlock or repair it, then try again")


def _checked(what: str, text: str) -> str:
    text = text.strip()
    if not text:
        raise UserError(f"the {what} is empty: copy it from the exchange's API management page")
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise UserError(f"the {what} holds blanks or characters that no key has: copy it again, whole")
    return text
