"""Per-frame signals: one row at least for every frame, and quick."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from streamer.core.errors import InstallError, OutputError, SourceFormatError
from streamer.core.records import FrameQuality, FrameResult, Gate, Rejected
from streamer.outputs.dialects import COMMA, EXCEL_EU
from streamer.outputs.signals import (
    SignalsCsv,
    SignalsParquet,
    import_pyarrow,
    signal_columns,
    signals_to_parquet,
)
from tests.streamer.faces.meshes import turned_mean_head
from tests.streamer.outputs.fakes import REGIONS, make_result

# 0.03, 0.04 has length 0.05; -0.06, 0.08 has 0.1. The box 10, 20, 40.5, 60.25 is 30.5 x 40.25.
WANTED = """\
frame,time_s,face_id,success,confidence,x,y,w,h,head_x_px,head_y_px,\
yaw_deg,pitch_deg,roll_deg,eyes_x_px,eyes_y_px,iod_px,gaze_x_iod,\
motion_brow_left,motion_brow_right,motion_mouth,blink,gate,rejected,\
upper_judged,upper_reason,lower_judged,lower_reason
0,0.000000,,0,,,,,,,,,,,,,,,,,,,,,0,no face,0,no face
1,0.033333,0,1,0.8750,10.00,20.00,30.50,40.25,1.500,-0.250,,,,,,,0.0000,0.05000,0.00000,0.10000,0.1250,blink,,\
0,came or went,0,came or went
1,0.033333,3,1,0.8750,10.00,20.00,30.50,40.25,1.500,-0.250,,,,,,,0.0000,0.05000,0.00000,0.10000,0.1250,blink,,\
0,came or went,0,came or went
"""


def test_csv_is_exactly_this(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    sink = SignalsCsv(path, REGIONS)
    sink.write(make_result(0, 0.0))
    sink.write(make_result(1, 1 / 30, (0, 3)))
    sink.write(FrameResult(None))  # the end has no row
    sink.close()
    assert path.read_text() == WANTED
    rows = list(csv.reader(path.open()))
    assert {len(row) for row in rows} == {len(signal_columns(REGIONS))}


def test_what_was_rejected_is_written_with_its_reason_and_time(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    rejected = (Rejected("speech", 1.2, 1.3, 1.4333, 2.0), Rejected("blink", 2, 2.1, 2.2, 3.0))
    result = make_result(1, 0.5, (0,))
    (motion,) = result.motions
    moved = replace(
        result, motions=(replace(motion, gates=(Gate.BORDER, Gate.SPEECH), rejected=rejected),)
    )
    sink = SignalsCsv(path, REGIONS)
    sink.write(moved)
    sink.close()
    (row,) = csv.DictReader(path.open())
    assert row["gate"] == "border+speech"
    assert row["rejected"] == "speech@1.200-1.433; blink@2.000-2.200"


def test_full_disk() -> None:
    sink = SignalsCsv(Path("/dev/full"), REGIONS)
    with pytest.raises(OutputError, match="disk is full"):
        for index in range(1000):
            sink.write(make_result(index, index / 10, (0,)))


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InstallError, match=r'pip install "mer-stream\[batch\]"'):
        SignalsParquet(tmp_path / "s.parquet", REGIONS)
    assert not (tmp_path / "s.parquet").exists()


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    try:
        _, parquet = import_pyarrow()
    except InstallError:
        pytest.skip("pyarrow is an extra that is not here")
    path = tmp_path / "s.parquet"
    sink = SignalsParquet(path, REGIONS)
    sink.write(make_result(0, 0.0))
    sink.write(make_result(1, 0.5, (0,)))
    sink.close()
    table = parquet.read_table(path)
    assert table.column_names == signal_columns(REGIONS)
    first, second = table.to_pylist()
    assert (first["frame"], first["success"], first["face_id"], first["x"]) == (
        0,
        False,
        None,
        None,
    )
    assert second["motion_mouth"] == pytest.approx(0.1) and second["gate"] == "blink"


def test_a_log_with_rejected_movements_becomes_the_same_parquet(tmp_path: Path) -> None:
    """As mer-batch writes it: CSV first, Parquet from it."""
    parquet = pytest.importorskip("pyarrow.parquet")
    rejected = (Rejected("speech", 1.2, 1.3, 1.4, 2.0), Rejected("blink", 2, 2.1, 2.2, 3.0))
    result = make_result(1, 0.5, (0,))
    (motion,) = result.motions
    moved = replace(result, motions=(replace(motion, gates=(Gate.SPEECH,), rejected=rejected),))
    plain = replace(result, motions=(replace(motion, gates=()),))
    results = [make_result(0, 0.0), moved, plain]
    for kind, name in ((SignalsCsv, "log.csv"), (SignalsParquet, "direct.parquet")):
        sink = kind(tmp_path / name, REGIONS)
        for result in results:
            sink.write(result)
        sink.close()
    signals_to_parquet(tmp_path / "log.csv", tmp_path / "log.parquet")
    made, direct = (parquet.read_table(tmp_path / f"{n}.parquet") for n in ("log", "direct"))
    assert made.schema.equals(direct.schema)
    assert made["rejected"][1].as_py() == "speech@1.200-1.400; blink@2.000-2.200"
    for name in ("gate", "rejected"):  # what is empty is null, whoever wrote it
        assert made[name].to_pylist() == direct[name].to_pylist()
        assert [value is None for value in made[name].to_pylist()] == [True, False, True]


def test_a_log_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "log.csv").write_text("frame,time_s,blink\n1,x,speech@1\n")
    with pytest.raises(SourceFormatError, match="no table of signals"):
        signals_to_parquet(tmp_path / "log.csv", tmp_path / "log.parquet")


def test_the_european_dialect_holds_the_same_digits(tmp_path: Path) -> None:
    rejected = Rejected("speech", 1.2, 1.3, 1.4333, 2.0)
    result = make_result(1, 0.5, (0,))
    moved = replace(result, motions=(replace(result.motions[0], rejected=(rejected,)),))
    for name, dialect in (("plain.csv", COMMA), ("eu.csv", EXCEL_EU)):
        sink = SignalsCsv(tmp_path / name, REGIONS, dialect=dialect)
        sink.write(moved)
        sink.close()
    text = (tmp_path / "eu.csv").read_bytes().decode("utf-8")
    assert text.startswith("\ufeffframe;time_s;") and ";0,500000;" in text
    (plain,) = csv.DictReader((tmp_path / "plain.csv").open())
    (other,) = csv.DictReader((tmp_path / "eu.csv").open(encoding="utf-8-sig"), delimiter=";")
    assert other["rejected"] == "speech@1.200-1.433"  # a text stays as it is
    assert {n: c.replace(",", ".") for n, c in other.items()} == plain


def test_the_pose_of_a_face_is_in_its_row(tmp_path: Path) -> None:
    turned = (turned_mean_head(20.0, -10.0, 5.0) * 80.0 + 200.0).astype(np.float32)
    result = make_result(1, 0.5, (0,))
    (aligned,) = result.faces
    face = replace(aligned.face, landmarks_px=turned)
    gazing = replace(result.motions[0], quality=FrameQuality(gaze_x_iod=0.0312))
    result = replace(result, faces=(replace(aligned, face=face),), motions=(gazing,))
    sink = SignalsCsv(tmp_path / "s.csv", REGIONS)
    sink.write(result)
    sink.close()
    (row,) = csv.DictReader((tmp_path / "s.csv").open())
    assert [row[name] for name in ("yaw_deg", "pitch_deg", "roll_deg", "iod_px", "gaze_x_iod")] == [
        "20.00", "-10.00", "5.00", "80.00", "0.0312",
    ]  # fmt: skip
