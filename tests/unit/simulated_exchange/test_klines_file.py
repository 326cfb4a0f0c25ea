import gzip
import zipfile
from pathlib import Path

import pytest

from trader_gui.errors import UserError
from trader_gui.simulated_exchange.klines_file import COLUMNS, decimal_places, guess_symbol, read_klines_file

MINUTE_MS = 60_000
START_MS = 1_700_000_040_000
SHARED = Path(__file__).parents[4] / "shared" / "data" / "klines"

Row = list[str]


def rows(count: int = 520, step_ms: int = MINUTE_MS) -> list[Row]:
    made = []
    for index in range(count):
        at = START_MS + index * step_ms
        made.append([str(at), "100.10", "101.50", "99.9", "100.4", "12.345", str(at + step_ms - 1), "", "", "", "", ""])
    return made


def write(path: Path, lines: list[Row], *, header: bool = True) -> Path:
    text = "\n".join(",".join(line) for line in ([list(COLUMNS), *lines] if header else lines)) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(path.stem + ".csv", text)
    else:
        path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["BTCUSDT-1m.csv", "BTCUSDT-1m.csv.gz", "BTCUSDT-1m.zip"])
@pytest.mark.parametrize("header", [True, False])
def test_reads_every_packing_with_and_without_header(tmp_path: Path, name: str, header: bool) -> None:
    file = read_klines_file(write(tmp_path / name, rows(), header=header))
    assert (file.interval, file.interval_ms, len(file)) == ("1m", MINUTE_MS, 520)
    assert file.open_time_ms[0] == START_MS
    assert [column[0] for column in file.columns] == ["100.10", "101.50", "99.9", "100.4", "12.345"]


def test_finds_the_interval_and_converts_microseconds(tmp_path: Path) -> None:
    hourly = [[*row] for row in rows(step_ms=3_600_000)]
    for row in hourly:
        row[0] += "000"
        row[6] = str((int(row[6]) + 1) * 1000 - 1)
    file = read_klines_file(write(tmp_path / "x.csv", hourly))
    assert file.interval == "1h"
    assert file.open_time_ms[0] == START_MS


def spoiled(line: int, column: str, value: str) -> list[Row]:
    made = rows()
    made[line][COLUMNS.index(column)] = value
    return made


def without(line: int) -> list[Row]:
    made = rows()
    del made[line]
    return made


def doubled(line: int) -> list[Row]:
    made = rows()
    made.insert(line, made[line])
    return made


def swapped(line: int) -> list[Row]:
    made = rows()
    made[line], made[line + 1] = made[line + 1], made[line]
    return made


@pytest.mark.parametrize(
    ("lines", "row", "what", "remedy"),
    [
        (without(100), 102, "1 klines are missing", "without a gap"),
        (doubled(100), 103, "same open time", "remove the duplicate"),
        (swapped(100), 103, "earlier than the row before", "sort"),
        (rows()[102:] + rows()[:101], 420, "earlier than the row before", "sort"),
        (spoiled(7, "high", "100.2"), 9, "high is below", "download"),
        (spoiled(7, "low", "100.3"), 9, "low is above", "download"),
        (spoiled(7, "close", "abc"), 9, "'abc', which is no number", "download"),
        (spoiled(7, "open", "inf"), 9, "'inf', which is no number", "download"),
        (spoiled(7, "low", "0"), 9, "not above zero", "download"),
        (spoiled(7, "volume", "-1"), 9, "volume is negative", "download"),
        (spoiled(7, "volume", ""), 9, "volume is empty", "download"),
        (spoiled(7, "close_time", "5"), 9, "close time is not", "cut the file"),
    ],
)
def test_a_bad_row_is_named_with_the_remedy(tmp_path: Path, lines: list[Row], row: int, what: str, remedy: str) -> None:
    path = write(tmp_path / "BTCUSDT-1m-bad.csv", lines)
    with pytest.raises(UserError) as caught:
        read_klines_file(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"BTCUSDT-1m-bad.csv, row {row}:"), sentence
    assert what in sentence
    assert remedy in sentence
    assert "\n" not in sentence


def test_too_few_rows(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has 500 klines, but 500 are needed as history and at least one"):
        read_klines_file(write(tmp_path / "a.csv", rows(500)))
    assert len(read_klines_file(write(tmp_path / "b.csv", rows(501)))) == 501


def test_wrong_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,price\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"a.csv, row 1: 2 columns instead of the 12"):
        read_klines_file(path)
    other = [name if name != "open" else "weighted" for name in COLUMNS]
    path.write_text("\n".join(",".join(row) for row in [other, *rows()]), encoding="utf-8")
    with pytest.raises(UserError, match=r"a.csv, row 1: the columns are open_time, weighted"):
        read_klines_file(path)


def test_a_truncated_gzip_and_other_rubbish(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.csv.gz", rows())
    whole.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"a.csv.gz is damaged or cut off .*download it again"):
        read_klines_file(whole)
    rubbish = tmp_path / "b.zip"
    rubbish.write_bytes(b"PK nothing")
    with pytest.raises(UserError, match=r"b.zip is damaged"):
        read_klines_file(rubbish)
    not_gzip = tmp_path / "c.csv.gz"
    not_gzip.write_bytes(b"plain text")
    with pytest.raises(UserError, match=r"c.csv.gz cannot be read|c.csv.gz is damaged"):
        read_klines_file(not_gzip)
    empty = tmp_path / "d.csv"
    empty.write_bytes(b"")
    with pytest.raises(UserError, match=r"d.csv is not a table"):
        read_klines_file(empty)
    picture = tmp_path / "e.csv"
    picture.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(UserError, match=r"e.csv"):
        read_klines_file(picture)
    with pytest.raises(UserError, match="does not exist"):
        read_klines_file(tmp_path / "absent.csv")


def test_rows_of_different_length(tmp_path: Path) -> None:
    lines = rows()
    lines[50].append("more")
    with pytest.raises(UserError, match="is not a table of klines"):
        read_klines_file(write(tmp_path / "a.csv", lines))
    short = rows()
    short[50] = short[50][:5]
    with pytest.raises(UserError, match="row 52: volume is empty"):
        read_klines_file(write(tmp_path / "b.csv", short))


def test_no_interval_of_the_venue(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="61000 ms apart"):
        read_klines_file(write(tmp_path / "a.csv", rows(step_ms=61_000)))


def test_names_and_decimals() -> None:
    assert guess_symbol(Path("BTCUSDT-perp-1m-ohlcv-2025.csv.gz")) == "BTCUSDT"
    assert guess_symbol(Path("1000PEPEUSDT-1m-2024-01.zip")) == "1000PEPEUSDT"
    assert guess_symbol(Path("klines.csv")) is None
    assert decimal_places(["1.500", "2", "0.05"]) == 2
    assert decimal_places(["3", "100"]) == 0


@pytest.mark.skipif(not SHARED.exists(), reason="real data is not there")
def test_real_files() -> None:
    file = read_klines_file(SHARED / "BTCUSDT-perp-1m-ohlcv-2025-07-06_2025-07-13.csv.gz")
    assert (file.interval, len(file)) == ("1m", 10_718)
    assert read_klines_file(SHARED / "BTCUSDT-perp-5m-ohlcv-2025-03-06_2025-04-13.csv.gz").interval == "5m"
    with pytest.raises(UserError, match=r"row 33882: 80 klines are missing"):
        read_klines_file(SHARED / "BTCUSDT-spot-1m-2023-03.zip")
