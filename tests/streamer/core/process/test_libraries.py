"""The cure for a CUDA that cannot be used fits what is installed."""

import pytest

from streamer.core.process import libraries
from streamer.core.process.libraries import cuda_cure

SWAP = "pip uninstall -y onnxruntime; pip install --force-reinstall --no-deps onnxruntime-gpu"


@pytest.mark.parametrize(
    ("installed", "start"),
    [
        ({"onnxruntime"}, f'pip install "mer-stream[gpu]", then {SWAP}'),
        ({"onnxruntime", "onnxruntime-gpu"}, SWAP),
        ({"onnxruntime-gpu"}, 'pip install "onnxruntime-gpu[cuda,cudnn]"'),
    ],
)
def test_what_to_do_for_cuda(monkeypatch, installed, start):
    def version(name):
        if name not in installed:
            raise libraries.metadata.PackageNotFoundError(name)
        return "1.30.0"

    monkeypatch.setattr(libraries.metadata, "version", version)
    assert cuda_cure().startswith(start)
