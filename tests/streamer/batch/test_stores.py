"""Inputs and outputs in an object store: a local S3 server where moto and s3fs are installed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamer.batch import stores
from streamer.batch.inputs import VIDEO_SUFFIXES, sample_path
from streamer.batch.output import StoreOutput
from streamer.batch.run import BatchOptions, run_jobs
from streamer.batch.settings import BatchSettings
from streamer.core.errors import InstallError, OutputError, SourceNotFoundError
from streamer.run.config import load_config
from tests.streamer.batch.make import run_bytes, run_record

fsspec = pytest.importorskip("fsspec")
QUICK = BatchSettings(load_config(overrides=[("recognise", False)]), ("jsonl", "html"))


@pytest.fixture
def memory() -> Iterator[str]:
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield "memory://study"
    system.store.clear()


def test_files_are_listed_in_order_and_fetched(memory: str, tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mp4", "deep/c.MKV", "notes.txt"):
        stores.write_bytes(f"{memory}/{name}", name.encode())
    found = [item.key for item in stores.find(memory, VIDEO_SUFFIXES)]
    assert found == ["a.mp4", "b.mp4", "deep/c.MKV"]
    urls = [item.url for item in stores.find(f"{memory}/*.mp4", VIDEO_SUFFIXES)]
    assert stores.fetch(urls[0], tmp_path).read_bytes() == b"a.mp4"
    with pytest.raises(SourceNotFoundError, match="cannot be read"):
        stores.fetch(f"{memory}/none.mp4", tmp_path)
    with pytest.raises(SourceNotFoundError, match="no recordings"):
        list(stores.find(f"{memory}/*.avi", VIDEO_SUFFIXES))


def test_the_run_record_comes_last_and_once(
    memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    system = fsspec.filesystem("memory")
    put = type(system).put_file
    monkeypatch.setattr(
        type(system), "put_file", lambda s, a, b, **k: (order.append(Path(b).name), put(s, a, b))
    )
    output = StoreOutput(memory)
    for _ in range(2):  # the second finds the same there
        work = tmp_path / "work"
        (work / "images").mkdir(parents=True)
        (work / "run.json").write_bytes(run_bytes())
        (work / "events.jsonl").write_text("")
        (work / "images" / "x.jpg").write_bytes(b"x")
        fresh = output.publish(work, "clip")
        assert not work.exists()
    assert order == ["events.jsonl", "x.jpg", "run.json"] and fresh is False
    assert output.run_of("clip") == run_record()


def test_unknown_stores_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(InstallError, match="pip install gcsfs"):
        stores.open_store("gs://bucket/x")
    with pytest.raises(InstallError, match="no such kind of store"):
        stores.open_store("nonsense://user:secret@x/y")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server_module = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = server_module.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "FSSPEC_S3_ENDPOINT_URL": address,  # for the workers
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(fsspec.config.conf, "s3", {"endpoint_url": address})
    s3fs.S3FileSystem.clear_instance_cache()
    fsspec.filesystem("s3").mkdir("study")
    yield "s3://study"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("moto") is None, reason="moto is not installed")
def test_a_batch_from_s3_to_s3(bucket: str, tmp_path: Path) -> None:
    stores.write_bytes(f"{bucket}/in/a/clip.mp4", sample_path().read_bytes())
    stores.write_bytes(f"{bucket}/in/b/clip.mp4", sample_path().read_bytes()[:9000])
    options = BatchOptions(f"{bucket}/out", resume=True, scratch=str(tmp_path), quiet=True)
    assert run_jobs(QUICK, options, [f"{bucket}/in"]) == 4
    table = json.loads(stores.read_bytes(f"{bucket}/out/manifest.json") or b"")
    assert [row["status"] for row in table["recordings"]] == ["done", "failed"]
    said = table["recordings"][1]["error"]
    assert said.startswith("s3://study/~") and "/b/clip.mp4 cannot be opened" in said
    folder = table["recordings"][0]["folder"]
    log = stores.read_bytes(f"{bucket}/out/{folder}/events.jsonl")
    assert log is not None and len(log.splitlines()) == 3
    assert b"<!doctype html>" in (stores.read_bytes(f"{bucket}/out/index.html") or b"")
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".lock"] == []
    assert run_jobs(QUICK, options, [f"{bucket}/in"]) == 4  # kept, and tried again
    assert stores.read_bytes(f"{bucket}/out/{folder}/events.jsonl") == log


def test_no_permission_is_not_no_batch(memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is not there is none: a store that refuses may hold results."""
    output = StoreOutput(memory)
    assert output.read("manifest.json") is None
    system = fsspec.filesystem("memory")

    for error, reason in (
        (PermissionError(13, "Forbidden"), "access is denied"),
        (ConnectionError("no route"), "ConnectionError"),
    ):

        def refuses(*arguments: object, failure: Exception = error, **more: object) -> bytes:
            raise failure

        monkeypatch.setattr(type(system), "cat_file", refuses)
        with pytest.raises(OutputError, match=f"cannot be read: .*{reason}"):
            output.read("manifest.json")


@pytest.mark.parametrize("folder", ["../x", "..", "a/b", "", ".partial", "a\\b"])
def test_a_store_has_folders_of_safe_names_only(memory: str, tmp_path: Path, folder: str) -> None:
    (tmp_path / "run.json").write_bytes(run_bytes())
    with pytest.raises(OutputError, match="no folder inside"):
        StoreOutput(memory).publish(tmp_path, folder)


def test_an_odd_name_in_a_store_stays_in_the_work_folder(memory: str, tmp_path: Path) -> None:
    system = fsspec.filesystem("memory")
    for name in ("..\\x.mp4", "a:b.mp4", "good.mp4"):
        system.pipe_file(f"{memory.split('://')[1]}/{name}", b"x")
        path = stores.fetch(f"{memory}/{name}", tmp_path / "in")
        assert path.parent == tmp_path / "in" and path.read_bytes() == b"x"
        assert path.name == "recording.mp4"  # of the key no more than what kind of file it is
