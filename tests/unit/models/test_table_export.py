"""Files of tables: exact, readable by others, whole or not there."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_gui.errors import UserError
from trader_gui.models import table_export
from trader_gui.models.table import Column
from trader_gui.models.table_export import ExportProgress, ExportStoppedError, export_table

TIME_MS = 1_764_534_909_007


@dataclass(frozen=True)
class Row:
    time_ms: int | None = TIME_MS
    name: str | None = "BTCUSDT"
    price: Decimal | None = Decimal("108000.10")
    number: int | None = 2**53 + 1
    share: float | None = 0.00001


COLUMNS = (
    Column("time", "Time", lambda r: r.time_ms, is_time=True),
    Column("name", "Name", lambda r: r.name),
    Column("price", "Price", lambda r: r.price, is_number=True),
    Column("number", "Number", lambda r: r.number, is_number=True, is_id=True),
    Column("share", "Share", lambda r: r.share, is_number=True),
    Column("close", "", lambda r: "Close"),
)
Decimals = st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**20), max_value=10**20)
Rows = st.lists(
    st.builds(
        Row,
        time_ms=st.one_of(st.none(), st.integers(0, 4_000_000_000_000)),
        name=st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1)),
        price=st.one_of(st.none(), Decimals),
        number=st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        share=st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    ),
    max_size=12,
)


def write(path: Path, rows: list[Row], kind: str = "csv") -> ExportProgress:
    progress = ExportProgress(len(rows))
    export_table(path, kind, COLUMNS, rows, progress)
    return progress


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_csv_has_plain_numbers_and_each_time_twice(tmp_path):
    path = tmp_path / "fills.csv"
    progress = write(path, [Row(), Row(name='a "b", c\r\nd', price=Decimal("1E+3")), Row(None, None, None, None, None)])
    assert progress.done == progress.total == 3
    text = path.read_bytes()
    assert text.startswith(b"time,time_ms,name,price,number,share\r\n")
    assert b"2025-11-30T20:35:09.007Z,1764534909007,BTCUSDT,108000.10,9007199254740993,0.00001\r\n" in text
    assert text.endswith(b",,,,,\r\n")
    rows = read_csv(path)
    assert rows[1]["name"] == 'a "b", c\r\nd' and rows[1]["price"] == "1000"


@given(rows=Rows, chunk=st.integers(1, 5))
def test_what_is_written_is_read_back_exactly(tmp_path_factory, rows, chunk):
    path = tmp_path_factory.mktemp("export") / "table.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_export, "CHUNK_ROWS", chunk)
        write(path, rows)
    back = read_csv(path)
    assert len(back) == len(rows)
    for row, told in zip(rows, back, strict=True):
        assert told["name"] == (row.name or "")
        assert (Decimal(told["price"]) if told["price"] else None) == row.price
        assert (int(told["number"]) if told["number"] else None) == row.number
        assert (float(told["share"]) if told["share"] else None) == row.share
        assert (int(told["time_ms"]) if told["time_ms"] else None) == row.time_ms
        if row.time_ms is not None:
            moment = datetime.fromisoformat(told["time"])
            assert round(moment.timestamp() * 1000) == row.time_ms and moment.tzinfo == UTC


def test_a_stopped_export_leaves_the_former_file_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(table_export, "CHUNK_ROWS", 2)
    path = tmp_path / "fills.csv"
    path.write_text("former")

    class Stopping(ExportProgress):
        """Stops after the first chunk."""

        def __setattr__(self, name, value):
            object.__setattr__(self, name, value)
            if name == "done" and value:
                object.__setattr__(self, "is_stopped", True)

    with pytest.raises(ExportStoppedError):
        export_table(path, "csv", COLUMNS, [Row()] * 5, Stopping(5))
    assert path.read_text() == "former" and list(tmp_path.iterdir()) == [path]


def test_a_disk_that_refuses_is_one_line_for_the_user_and_leaves_nothing(tmp_path):
    with pytest.raises(UserError, match="cannot be written"):
        write(tmp_path / "gone" / "fills.csv", [Row()])
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        write(folder, [Row()])
    assert list(tmp_path.iterdir()) == [folder]


# ---- Parquet ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 11])
def test_parquet_keeps_types_and_exact_values(tmp_path, monkeypatch, count):
    import pyarrow as pa
    import pyarrow.parquet as pq

    monkeypatch.setattr(table_export, "CHUNK_ROWS", 4)
    rows = [Row(price=Decimal("0.00000001") * n, number=n) for n in range(count)]
    if rows:
        rows[-1] = Row(None, None, None, None, None)
    path = tmp_path / "fills.parquet"
    assert write(path, rows, "parquet").done == count
    table = pq.read_table(path)
    assert table.schema.field("time").type == pa.timestamp("ms", tz="UTC")
    assert table.column("price").to_pylist() == [row.price for row in rows]
    assert table.column("number").to_pylist() == [row.number for row in rows]
    assert table.column("name").to_pylist() == [row.name for row in rows]
    if count > 1:
        assert table.schema.field("price").type == pa.decimal128(38, 8)
        assert table.schema.field("number").type == pa.int64()
        assert table.column("time")[0].as_py() == datetime.fromtimestamp(TIME_MS / 1000, UTC)
    assert "close" not in table.column_names


@given(
    prices=st.lists(st.one_of(st.none(), st.decimals(allow_nan=False, allow_infinity=False)), min_size=1, max_size=6)
)
def test_a_decimal_that_no_parquet_type_holds_is_an_exact_text(tmp_path_factory, prices):
    import pyarrow.parquet as pq

    path = tmp_path_factory.mktemp("export") / "table.parquet"
    small = [None if price is None or abs(price.adjusted()) > 60 else price for price in prices]
    write(path, [Row(price=price) for price in small], "parquet")
    told = pq.read_table(path).column("price").to_pylist()
    assert [None if value is None else Decimal(value) for value in told] == small
