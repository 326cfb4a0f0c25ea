import gzip
import zipfile
from pathlib import Path

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.data_file import kind_of, read_lines


def test_every_packing_is_told_by_its_content(tmp_path: Path) -> None:
    text = b"1,2,3\r\n4,5,6\n"
    (tmp_path / "plain.gz").write_bytes(text)
    (tmp_path / "gzip.csv").write_bytes(gzip.compress(text))
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("x.csv", text)
    for name in ("plain.gz", "gzip.csv", "zip"):
        assert list(read_lines(tmp_path / name)) == ["1,2,3", "4,5,6"]


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ('1680652700441533 {"stream":"btcusdt@trade","data":{}}', "recording"),
        ("171927517,0.7097,19.0,551530707,551530707,1729209603958,false", "trades"),
        ("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker", "trades"),
        ("1700000000000,1,1,1,1,1,1700000059999,,,,,", "klines"),
        ("anything", "klines"),
        ("", "klines"),
    ],
)
def test_the_first_line_tells_what_a_file_holds(tmp_path: Path, first: str, kind: str) -> None:
    (tmp_path / "x").write_text(first + "\n", encoding="utf-8")
    assert kind_of(tmp_path / "x") == kind


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b"1\n2\n" * 100_000)[:-9])
    with pytest.raises(UserError, match=r"cut\.gz is damaged or cut off"):
        list(read_lines(cut))
    assert next(read_lines(cut, may_be_cut=True)) == "1"
    with pytest.raises(UserError, match=r"absent does not exist"):
        list(read_lines(tmp_path / "absent"))
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\)"):
        list(read_lines(tmp_path))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is damaged"):
        list(read_lines(tmp_path / "bytes"))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a", "1")
        archive.writestr("b", "1")
    with pytest.raises(UserError, match=r"two\.zip holds 2 files instead of one"):
        list(read_lines(tmp_path / "two.zip"))
