"""Client order ids: whose order it is and what for, readable in every message of the venue."""

from trader_gui.domain.order import Origin, Purpose

_ORIGIN_LETTER = {Origin.ENGINE: "e", Origin.HAND: "h"}
_PURPOSE_LETTER = {Purpose.ENTRY: "n", Purpose.EXIT: "x", Purpose.PROTECTION: "p"}
_ORIGIN_OF = {letter: origin for origin, letter in _ORIGIN_LETTER.items()}
_PURPOSE_OF = {letter: purpose for purpose, letter in _PURPOSE_LETTER.items()}


def make_client_order_id(prefix: str, origin: Origin, purpose: Purpose, sequence: int) -> str:
    """Return `<prefix>-<e|h><n|x|p>-<sequence>`: whose order it is and what for, unique in this installation.

    Args:
        prefix: Of this installation, at most 16 characters of `A-Za-z0-9_`.
        origin: ENGINE or HAND.
        purpose: What the order is for.
        sequence: Rises by one for every order of the installation.
    """
    return f"{prefix}-{_ORIGIN_LETTER[origin]}{_PURPOSE_LETTER[purpose]}-{sequence}"


def sequence_of(prefix: str, client_order_id: str) -> int:
    """Return the number in an id of this installation; 0 for an id that it did not make."""
    if parse_client_order_id(prefix, client_order_id)[0] is Origin.OTHER:
        return 0
    return int(client_order_id.rpartition("-")[2])


def parse_client_order_id(prefix: str, client_order_id: str) -> tuple[Origin, Purpose | None]:
    """Return origin and purpose; (OTHER, None) for an id that this installation did not make."""
    parts = client_order_id.split("-")
    if len(parts) == 3 and parts[0] == prefix and len(parts[1]) == 2 and parts[2].isdigit():
        origin, purpose = _ORIGIN_OF.get(parts[1][0]), _PURPOSE_OF.get(parts[1][1])
        if origin is not None and purpose is not None:
            return origin, purpose
    return Origin.OTHER, None
