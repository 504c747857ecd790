import pytest

from spotting.config import SpotterConfig
from streamer.core.errors import UsageError
from streamer.faces.config import FaceConfig
from streamer.run.config import load_config


@pytest.mark.parametrize("value", [0.0, -1.0, 21.0])
def test_an_impossible_sensitivity_is_refused(value):
    with pytest.raises(ValueError, match=r"sensitivity must be 0\.05 to 20\.0, not"):
        SpotterConfig(sensitivity=value)


def test_lengths_must_be_positive():
    with pytest.raises(ValueError, match=r"micro_min_iod must be .* not 0"):
        SpotterConfig(micro_min_iod=0)
    with pytest.raises(ValueError, match="max_faces must be 1 to 64, not 0"):
        FaceConfig(max_faces=0)


def test_from_a_settings_file_it_is_a_usage_error(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("spotter: {sensitivity: 0}\n")
    with pytest.raises(UsageError, match="sensitivity"):
        load_config(path)
