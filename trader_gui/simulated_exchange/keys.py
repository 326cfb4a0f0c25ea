"""The account's API keys and what a signature of each kind must be: HMAC-SHA256, RSA or Ed25519 (5.1).

HMAC is written in hexadecimal of any case; RSA (PKCS #1 v1.5 with SHA-256) and Ed25519 in base64. A public key's API
key is the SHA-256 of the key itself, so that the same file has the same API key at every start.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from trader_gui.errors import UserError

HMAC, RSA, ED25519 = "HMAC", "RSA", "Ed25519"
LEAST_RSA_BITS = 2048


class ApiKey(NamedTuple):
    """One way to sign for the account.

    Attributes:
        name: The API key itself, as X-MBX-APIKEY carries it.
        kind: HMAC, RSA or ED25519.
        verifies: Tells whether a signature (as text, percent-decoded) fits a payload.
    """

    name: str
    kind: str
    verifies: Callable[[bytes, str], bool]


def hmac_key(name: str, secret: str) -> ApiKey:
    """Return the key of an API key and its secret."""
    secret_bytes = secret.encode()

    def verifies(payload: bytes, signature: str) -> bool:
        expected = hmac.digest(secret_bytes, payload, "sha256").hex()
        return hmac.compare_digest(expected.encode(), signature.lower().encode(errors="replace"))

    return ApiKey(name, HMAC, verifies)


def read_public_key(path: Path) -> ApiKey:
    """Return the key that a PEM file holds.

    Raises:
        UserError: The file cannot be read, or holds no public RSA or Ed25519 key.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path.name} cannot be read ({error.strerror}): choose a file with a public key.") from None
    if b"PRIVATE KEY" in text:
        raise UserError(f"{path.name} holds a private key, which nobody but its owner may have: give the public one.")
    try:
        key = load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
        raise UserError(f"{path.name} is an RSA key of {key.key_size} bits: use one of {LEAST_RSA_BITS} or more.")
    if not isinstance(key, RSAPublicKey | Ed25519PublicKey):
        raise UserError(f"{path.name} is no public key: choose a PEM file with an RSA or Ed25519 public key.")
    name = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    if isinstance(key, RSAPublicKey):
        return ApiKey(name, RSA, _in_base64(_rsa_check(key)))
    return ApiKey(name, ED25519, _in_base64(lambda payload, signature: key.verify(signature, payload)))


def _rsa_check(key: RSAPublicKey) -> Callable[[bytes, bytes], None]:
    padding, digest = PKCS1v15(), SHA256()
    return lambda payload, signature: key.verify(signature, payload, padding, digest)


def _in_base64(check: Callable[[bytes, bytes], None]) -> Callable[[bytes, str], bool]:
    def verifies(payload: bytes, signature: str) -> bool:
        try:
            check(payload, base64.b64decode(signature, validate=True))
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    return verifies


class KeyRing:
    """The keys of the one account."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        """Hold these keys; of two with one name the later."""
        self._keys = {key.name: key for key in keys}

    def get(self, name: str) -> ApiKey | None:
        """Return the key of that name, None when there is none."""
        return self._keys.get(name)

    def revoke(self, name: str) -> None:
        """Forget a key: whatever is signed with it, or rests on it, is refused from now on."""
        self._keys.pop(name, None)
