import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.keys import ED25519, HMAC, RSA, KeyRing, hmac_key, read_public_key

PAYLOAD = b"symbol=BTCUSDT&timestamp=1"


def write_public(path: Path, private) -> Path:
    path.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def test_an_hmac_signature_has_any_case() -> None:
    key = hmac_key("name", "demo-secret-0000")
    good = "bc5f779aed8d08a9f9c8cf15d223f06b4ca98d1578014e3bd3638aa86d8464cc"
    payload = (
        b"apiKey=demo-key-0000&price=60000.0&quantity=0.010&recvWindow=5000&side=BUY&symbol=BTCUSDT&timeInForce=GTC"
        b"&timestamp=1700000000000&type=LIMIT"
    )
    assert (key.name, key.kind) == ("name", HMAC)
    assert key.verifies(payload, good)
    assert key.verifies(payload, good.upper())
    assert not key.verifies(payload + b" ", good)
    assert not key.verifies(payload, "")
    assert not key.verifies(payload, "ключ")
    assert "demo-secret-0000" not in repr(key)


def test_public_keys_check_what_their_private_half_signed(tmp_path: Path) -> None:
    edwards = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    large = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    cases = [
        (edwards, ED25519, edwards.sign(PAYLOAD)),
        (large, RSA, large.sign(PAYLOAD, padding.PKCS1v15(), SHA256())),
    ]
    names = set()
    for private, kind, signature in cases:
        file = write_public(tmp_path / f"{kind}.pem", private)
        key = read_public_key(file)
        names.add(key.name)
        text = base64.b64encode(signature).decode()
        assert key.kind == kind
        assert read_public_key(file).name == key.name  # the same file is the same account key at every start
        assert key.verifies(PAYLOAD, text)
        assert not key.verifies(PAYLOAD + b"&", text)
        for wrong in ("", text[:-4], text.replace("=", "") + "!", " " + text, signature.hex()):
            assert not key.verifies(PAYLOAD, wrong), wrong
    assert len(names) == 2


def test_files_that_are_no_public_key_are_named(tmp_path: Path) -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "private.pem").write_bytes(pem)
    (tmp_path / "text.pem").write_text("hello")
    write_public(tmp_path / "curve.pem", ec.generate_private_key(ec.SECP256R1()))
    write_public(tmp_path / "short.pem", rsa.generate_private_key(public_exponent=65537, key_size=1024))
    for name, words in (
        ("private.pem", "holds a private key"),
        ("text.pem", "is no public key"),
        ("curve.pem", "is no public key"),
        ("short.pem", "is an RSA key of 1024 bits"),
        ("missing.pem", "cannot be read"),
    ):
        with pytest.raises(UserError, match=f"^{name} {words}"):
            read_public_key(tmp_path / name)


def test_a_revoked_key_is_unknown() -> None:
    ring = KeyRing([hmac_key("a", "1"), hmac_key("b", "2")])
    ring.revoke("a")
    ring.revoke("never there")
    assert ring.get("a") is None
    assert ring.get("b") is not None
