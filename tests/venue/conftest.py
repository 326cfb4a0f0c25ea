"""An exchange in a process of its own for the tests with other people's clients, and its books."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.conformance_world import FASTEST, Address, Ledger, exchange_pool, exchange_process, write_swinging_klines


@pytest.fixture(scope="session")
def exchanges() -> Iterator[Callable[[], Address]]:
    """Give the address of a running exchange as often as asked."""
    with exchange_pool() as take:
        yield take


@pytest.fixture(scope="session")
def swinging_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Give the address of an exchange whose price goes up and down all the time, for orders that wait for one."""
    file = tmp_path_factory.mktemp("market") / "BTCUSDT-1m-swinging.csv"
    write_swinging_klines(file)
    with exchange_process("--data", file, speed=FASTEST, symbols=("BTCUSDT",)) as found:
        yield found


@pytest.fixture
def address(exchanges: Callable[[], Address]) -> Address:
    """Give the address of a running exchange whose account is flat."""
    return exchanges()


@pytest.fixture
def ledger(address: Address) -> Iterator[Ledger]:
    """Give the exchange's books, which must add up after the test."""
    yield from _books(address)


@pytest.fixture
def swinging_ledger(swinging_address: Address) -> Iterator[Ledger]:
    """Give the books of the exchange with the swinging price, which must add up after the test."""
    yield from _books(swinging_address)


def _books(address: Address) -> Iterator[Ledger]:
    books = Ledger(address)
    yield books
    books.cancel_all()
    books.check()
    books.flatten()


@pytest.fixture(scope="session")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Path]]:
    """Make a key pair of each kind: kind -> (private key as PEM, file of the public key)."""
    directory = tmp_path_factory.mktemp("keys")
    made: dict[str, tuple[str, Path]] = {}
    for kind, private in (("RSA", generate_private_key(65537, 2048)), ("Ed25519", Ed25519PrivateKey.generate())):
        file = directory / f"{kind}.pem"
        file.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        made[kind] = (pem.decode(), file)
    return made


@pytest.fixture(scope="session")
def signed_address(key_files: dict[str, tuple[str, Path]]) -> Iterator[Address]:
    """Give the address of an exchange whose account has a key of each kind."""
    words = [word for _, file in key_files.values() for word in ("--public-key", file)]
    with exchange_process(*words) as found:
        yield found
