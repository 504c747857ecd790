"""FRL-DGT as one network: two aligned faces -> logits and the displacement between them.

Zhai, Zhao, Long, Xu, He, Zhao: "Feature Representation Learning with Adaptive Displacement
Generation and Transformer Fusion for Micro-Expression Recognition", CVPR 2023, arXiv 2304.04420.
A reconstruction: the structure is stated, sizes and loss forms are not public to us.

    displacement -> head motion out, face crop
        -> AU regions        -> local fusion -> global fusion -+
        -> full-face patches -> full-face fusion --------------+-> MLP
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from recognition.classifiers.base import FIELDS
from recognition.classifiers.field_input import FieldInput
from recognition.classifiers.frl_dgt_config import FrlDgtConfig
from recognition.classifiers.frl_dgt_fusion import Average, Fusion
from recognition.classifiers.frl_dgt_regions import AU_REGIONS, RegionCrops, grid_regions
from recognition.classifiers.scvit import asinh
from recognition.classifiers.selfme_config import FieldConfig
from recognition.config import face_of
from recognition.files.model_file import ModelFile
from recognition.files.safetensors_file import read_safetensors
from recognition.fingerprint import motion_fingerprint
from recognition.motion.frl_dgt.dgm import DisplacementGenerator
from streamer.core.errors import ModelError, UsageError
from streamer.core.files.strict_json import parse_json
from streamer.core.settings import fill

KEY = "frl_dgt"  # of the settings in a file's metadata
MOTION = "frl-dgt"
_NORMALISED = 3.0  # the largest value of a normalised flow, before it is compressed
_LEVELS = 16.0  # grey levels of a dynamic image that become 1


class DisplacementInput(nn.Module):
    """Displacement [N, C, S, S] -> planes [N, C, cells, cells] of about unit size.

    A displacement in pixels loses its head motion (`FieldInput`); a normalised flow is then divided
    by its largest magnitude; a dynamic image, in grey levels, is only cropped and scaled.
    """

    def __init__(self, config: FrlDgtConfig) -> None:
        super().__init__()
        self.kind = config.displacement
        shape = FieldConfig(
            cells=config.cells,
            patch=1,
            scale_iod=config.scale_iod,
            rigid_iterations=config.rigid_iterations,
        )
        self.field = FieldInput(config.size_px, shape)

    def forward(self, displacement: Tensor) -> Tensor:
        """[N, C, S, S] -> [N, C, cells, cells]."""
        if self.kind == "dynamic-image":
            crop = self.field.rows @ displacement.float() @ self.field.columns
            return asinh(crop / _LEVELS)
        crop = self.field.crop(displacement)
        if self.kind == "flow-normalised":
            largest = crop.abs().amax(dim=(1, 2, 3), keepdim=True)
            return asinh(_NORMALISED * crop / largest.clamp(min=1e-6))
        return self.field.compress(crop)


class FrlDgtNet(nn.Module):
    """The displacement module (None where another displacement replaces it) and the fusions."""

    def __init__(self, config: FrlDgtConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or FrlDgtConfig()
        self.dgm = DisplacementGenerator(c.dgm) if c.displacement == "dgm" else None
        self.input = DisplacementInput(c)
        face = face_of(c.size_px)
        self.regions = AU_REGIONS if c.regions == "au" else grid_regions(face)
        self.cut = RegionCrops(self.regions, face, c.cells, c.region_cells)
        self.region_patches = nn.Conv2d(c.channels, c.width, c.region_patch, c.region_patch)
        inside = (c.region_cells // c.region_patch) ** 2
        self.local = self._fusion(inside) if c.local_fusion else Average()
        self.across = self._fusion(len(self.regions)) if c.global_fusion else Average()
        self.full = None
        if c.full_face:
            self.patches = nn.Conv2d(c.channels, c.width, c.patch, c.patch)
            self.full = self._fusion((c.cells // c.patch) ** 2)
        wide = c.width * (2 if c.full_face else 1)
        self.head = nn.Sequential(
            nn.LayerNorm(wide),
            nn.Linear(wide, c.width),
            nn.GELU(),
            nn.Dropout(c.dropout),
            nn.Linear(c.width, c.classes),
        )

    def forward(self, onset: Tensor, apex: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N, classes] and displacement [N, 2, S, S] px of uint8 faces [N, S, S, 3].

        Raises:
            ValueError: faces of another shape or type, or the displacement is not generated here.
        """
        displacement = self.displacement(onset, apex)
        return self.classify(displacement), displacement

    def displacement(self, onset: Tensor, apex: Tensor) -> Tensor:
        """[N, 2, S, S] px; raises ValueError as `forward`."""
        if self.dgm is None:
            raise ValueError(
                f"displacement {self.config.displacement} is made outside: call classify with it"
            )
        found: Tensor = self.dgm(onset, apex)
        return found

    def classify(self, displacement: Tensor) -> Tensor:
        """Logits [N, classes] of a displacement [N, C, S, S]."""
        logits: Tensor = self.head(self.fuse(displacement))
        return logits

    def fuse(self, displacement: Tensor) -> Tensor:
        """Fused features [N, D] (regions) or [N, 2 D] (regions and full face)."""
        planes = self.input(displacement)
        found = [self._regions(planes)]
        if self.full is not None:
            found.append(self.full(self.patches(planes).flatten(2).transpose(1, 2)))
        return torch.cat(found, dim=-1)

    def _regions(self, planes: Tensor) -> Tensor:
        """[N, C, cells, cells] -> [N, D]."""
        cut = self.cut(planes)  # [N, R, C, k, k]
        count = len(self.regions)
        tokens = self.region_patches(cut.flatten(0, 1)).flatten(2).transpose(1, 2)  # [N R, T, D]
        fused: Tensor = self.across(self.local(tokens).reshape(-1, count, self.config.width))
        return fused

    def _fusion(self, tokens: int) -> Fusion:
        c = self.config
        return Fusion(tokens, c.fused, c.width, c.heads, c.depth, c.dropout, c.fuse_before)


def model_metadata(config: FrlDgtConfig, emotions: str, temperature: str) -> dict[str, str]:
    """What an exported model says of itself; `recognition.classifiers.base.read_facts` reads it."""
    return {
        "kind": FIELDS,
        "motion": MOTION,
        "size_px": str(config.size_px),
        "amplification": "1.0",
        KEY: network_facts(config),
        "fingerprint": motion_fingerprint(MOTION, face_of(config.size_px)),
        "emotions": emotions,
        "temperature": temperature,
    }


def network_facts(config: FrlDgtConfig) -> str:
    """The settings as JSON, for the metadata of a file."""
    return json.dumps(asdict(config), sort_keys=True)


def pack_frl_dgt(net: FrlDgtNet, emotions: str, temperature: float, *, half: bool = False) -> bytes:
    """The bytes of a weights file; `half` stores float16."""
    facts = {
        KEY: network_facts(net.config),
        "emotions": emotions,
        "temperature": repr(temperature),
    }
    state = net.state_dict()
    kept = {
        name: (value.half() if half and value.is_floating_point() else value).cpu().contiguous()
        for name, value in state.items()
    }
    return save(kept, metadata=facts)


def load_frl_dgt(model: Path | ModelFile, device: str = "cpu") -> tuple[FrlDgtNet, dict[str, str]]:
    """A network from a .safetensors file of mer-train, and the file's metadata.

    Raises:
        ModelError: no such file, not safetensors, or not of this kind.
    """
    path = model if isinstance(model, Path) else model.path
    held, facts = read_safetensors(model, device)
    if KEY not in facts:
        raise ModelError(f"{path} holds no FRL-DGT network: train one with mer-train frl-dgt")
    try:
        net = FrlDgtNet(fill(FrlDgtConfig, parse_json(facts[KEY]), where=str(path)))
        net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in held.items()})
    except (ValueError, UsageError, RuntimeError) as error:
        raise ModelError(f"{path} does not fit its own settings ({error}): train it again") from (
            error
        )
    return net.to(device).eval(), facts
