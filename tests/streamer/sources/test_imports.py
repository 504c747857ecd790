"""Light imports, and libraries that are broken."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streamer.core.errors import InstallError
from streamer.core.process.libraries import import_cv2, import_onnxruntime
from streamer.sources import SourceConfig


def test_importing_the_room_imports_nothing_heavy():
    code = (
        "import sys, streamer.sources, streamer.sources.config\n"
        "print([name for name in ('av', 'cv2', 'numpy', 'torch', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reading_a_file_needs_no_torch_scipy_or_cv2(clip):
    code = (
        "import sys; from streamer.sources import open_source\n"
        f"print(len(list(open_source({str(clip)!r}))))\n"
        "print([name for name in ('cv2', 'torch', 'scipy', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["50", "[]"]


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (ImportError("libGL.so.1: cannot open shared object file"), "apt-get install libgl1 libgl"),
        (ModuleNotFoundError("No module named 'cv2'", name="cv2"), "pip install"),
    ],
)
def test_broken_opencv_names_the_cure(monkeypatch, error, cure):
    def broken(name):
        raise error

    monkeypatch.setattr("streamer.core.process.libraries.importlib.import_module", broken)
    with pytest.raises(InstallError, match=cure) as caught:
        import_cv2()
    assert str(error) in str(caught.value)


@pytest.mark.parametrize("load", [import_cv2, import_onnxruntime])
def test_no_room_for_a_library_is_no_broken_library(monkeypatch, load):
    def no_room(name):
        raise ImportError("cv2.abi3.so: cannot map zero-fill pages")

    monkeypatch.setattr("streamer.core.process.libraries.importlib.import_module", no_room)
    with pytest.raises(MemoryError, match="zero-fill"):
        load()


@pytest.mark.parametrize(
    "fields",
    [
        {"fps": 0},
        {"fps": float("nan")},
        {"queue_frames": 0},
        {"read_timeout_s": -1},
        {"reconnect_attempts": -1},
        {"decode_threads": -1},
    ],
)
def test_settings_are_checked(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        SourceConfig(**fields)
