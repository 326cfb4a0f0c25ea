"""The vocabulary of all the rest: frozen records, and enums valued as the venue spells them.

Records are `msgspec.Struct` (frozen): creating one costs a tenth of a frozen dataclass, and the journal and the wire
encode them without code of their own. Money, prices and quantities are `Decimal`, made from text. Times are integer
milliseconds, UTC epoch (`_ms`). Nothing here imports anything of this program but `errors`.
"""
