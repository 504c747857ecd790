"""Published spotting figures (MEGC 2020 F1), to stand beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedSpotter:
    """F1 of macro, micro and all on the two long-video sets; "" where none was printed."""

    method: str
    casme_sq: tuple[str, str, str]
    samm_lv: tuple[str, str, str] = ("", "", "")


ROWS: tuple[PublishedSpotter, ...] = (
    PublishedSpotter("MDMD baseline 2020", (".120", ".008", ".038"), (".063", ".036", ".045")),
    PublishedSpotter("SOFTNet 2021", (".241", ".117", ".202"), (".217", ".152", ".188")),
    PublishedSpotter("He 2021, no learning", (".378", ".197", ".344"), (".415", ".216", ".364")),
    PublishedSpotter("MTSN 2022", (".410", ".081", ".362"), (".346", ".088", ".287")),
    PublishedSpotter(
        "AUW-GCN 2023 (epoch picked on test)", (".424", ".154", ".383"), (".429", ".198", ".373")
    ),
    PublishedSpotter("Zhao 2022 revised", (".472", ".252", ".444")),
)
COLUMNS: Mapping[str, str] = {"casme_sq": "CAS(ME)2", "samm_lv": "SAMM-LV"}
