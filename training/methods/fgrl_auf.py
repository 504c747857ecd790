"""FGRL-AUF (Lei et al., CVPR Workshops 2021): a graph of facial nodes, fused with action units.

Thirty nodes, ten on the brows and twenty on the mouth, each a patch of 7x7. Every node's patch
goes through a convolution of its own; in the graph of the brows and in that of the mouth,
self-attention learns the edges; each becomes a vector of 160. Beside it, a graph convolution over
nine action units (1, 2, 4 of the brows; 10, 12, 14, 15, 17, 25 of the mouth) turns their learnt
embeddings of 40 into 80, then 160, along D^-1/2 A D^-1/2. The fusion is the product: how far the
vector of the brows or of the mouth points to each of its units; nine figures, normalised, then the
classes.

Structure and sizes as in the authors' released code, Adam at 2e-4 with batches of 64 as well.
There, six attention layers are built, but each is given the nodes themselves, so that only the last
counts: that one is built here. And there, the best epoch of 2000 on the held-out subject is kept;
here it is 200 epochs. What differs, and why:
- patches: there, of the shape maps of a learned motion magnifier, at detected landmarks; here, of
  the smoothed grey difference of apex and onset, at the mean face's nodes: aligned faces hold the
  eyes at fixed places. Neither the magnifier's weights nor its landmarks can be had here.
- A: there, how often units occur together in the fold's labels; here, in the recipes of expressions
  from which this package draws synthetic faces, as clips come without labels of action units.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from recognition.config import face_of
from training.models.flow_net import FlowNet, Optimiser
from training.models.method import Method
from training.models.network import NetworkModel
from training.synthetic.recipes import RECIPES, names_of

BROW_UNITS, MOUTH_UNITS = ("1", "2", "4"), ("10", "12", "14", "15", "17", "25")
PATCH = 7
_SPACING_IOD, _SMOOTH_IOD = 0.04, 0.02
_GREY_LEVELS = 16.0  # a difference of so many becomes one
_VECTOR = 160
_HALF_BROW = ((-0.905, -0.261), (-0.811, -0.346), (-0.66, -0.386), (-0.45, -0.37), (-0.238, -0.339))
# The twenty points of the mouth in the order of the 68 landmarks, of the mean face.
_MOUTH = (
    (-0.359, 1.028), (-0.282, 0.978), (-0.106, 0.918), (0.0, 0.934), (0.106, 0.918),
    (0.282, 0.978), (0.359, 1.028), (0.276, 1.103), (0.108, 1.187), (0.0, 1.196),
    (-0.108, 1.187), (-0.276, 1.103), (-0.3, 1.03), (-0.1, 1.022), (0.0, 1.025),
    (0.1, 1.022), (0.3, 1.03), (0.1, 1.055), (0.0, 1.051), (-0.1, 1.055),
)  # fmt: skip
# [30, 2], x and y in inter-ocular distances from the midpoint of the eyes
NODES = np.array([*_HALF_BROW, *((-x, y) for x, y in reversed(_HALF_BROW)), *_MOUTH], np.float32)
_BROWS = 2 * len(_HALF_BROW)


class FgrlAuf(FlowNet):
    """float32 patches [N, 30, 7, 7], differences in grey levels -> logits [N, classes]."""

    least_batch = 2
    adjacency: Tensor

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        nodes, cells = len(NODES), PATCH * PATCH
        self.nodes = nn.Sequential(
            nn.Conv2d(nodes, nodes, 3, padding=1, groups=nodes), nn.BatchNorm2d(nodes), nn.ReLU()
        )
        self.brow_edges, self.mouth_edges = EdgeLayer(cells), EdgeLayer(cells)
        self.brows = _reduce(_BROWS * cells)
        self.mouth = _reduce((nodes - _BROWS) * cells)
        units = len(BROW_UNITS) + len(MOUTH_UNITS)
        self.units = nn.Embedding(units, 40)
        nn.init.normal_(self.units.weight, std=0.01)
        self.convolve = nn.ModuleList(
            [nn.Linear(40, 80, bias=False), nn.Linear(80, _VECTOR, bias=False)]
        )
        self.register_buffer("adjacency", torch.from_numpy(unit_adjacency()))
        self.norm = nn.LayerNorm(units, eps=1e-6)
        self.head = nn.Linear(units, classes)

    def embed(self, maps: Tensor) -> Tensor:
        """How far the face points to each of the nine action units, normalised, [N, 9]."""
        x = self.nodes(maps / _GREY_LEVELS).flatten(2)  # [N, 30, 49]
        brows = self.brows(self.brow_edges(x[:, :_BROWS]).flatten(1))  # [N, 160]
        mouth = self.mouth(self.mouth_edges(x[:, _BROWS:]).flatten(1))
        of_brows, of_mouth = self._units().split([len(BROW_UNITS), len(MOUTH_UNITS)])
        return self.norm(torch.cat([brows @ of_brows.T, mouth @ of_mouth.T], dim=1))

    def forward(self, maps: Tensor) -> Tensor:
        """[N, classes]."""
        return self.head(self.embed(maps))

    def _units(self) -> Tensor:
        """[9, 160]."""
        units = self.units.weight
        for layer in self.convolve:
            units = functional.leaky_relu(self.adjacency @ layer(units), 0.2)
        return units


class EdgeLayer(nn.Module):
    """Self-attention over the nodes [N, K, D] and a layer for each, both around a short cut."""

    def __init__(self, width: int, heads: int = 8, each: int = 16, inner: int = 128) -> None:
        super().__init__()
        self.heads = heads
        self.ask = nn.Linear(width, 3 * heads * each, bias=False)  # queries, keys, values
        self.join = nn.Linear(heads * each, width, bias=False)
        self.inner = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, width))
        self.drop = nn.Dropout()
        self.norms = nn.ModuleList(nn.LayerNorm(width, eps=1e-6) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        parts = self.ask(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(
            parts[0], parts[1], parts[2], dropout_p=0.1 if self.training else 0.0
        )  # [N, heads, K, each]
        x = self.norms[0](x + self.drop(self.join(seen.transpose(1, 2).flatten(2))))
        return self.norms[1](x + self.drop(self.inner(x)))


def unit_adjacency() -> NDArray[np.float32]:
    """D^-1/2 A' D^-1/2 [9, 9] of A = P(unit j | unit i) + 1, D its row sums."""
    names = [*BROW_UNITS, *MOUTH_UNITS]
    together = np.zeros((len(names), len(names)))
    for recipes in RECIPES.values():
        for units, weight in recipes.items():
            has = np.isin(names, names_of(units))
            together += np.outer(has, has) * weight / sum(recipes.values())
    given = together / np.diag(together)[:, None]  # one on the diagonal: the unit itself
    root = given.sum(axis=1) ** -0.5
    return (root[:, None] * given.T * root[None]).astype(np.float32)


def node_patches(pair: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Differences apex - onset around the nodes, [30, 7, 7] in grey levels, of [2, S, S, 3].

    Raises:
        ValueError: no pair of faces.
    """
    if pair.ndim != 4 or pair.dtype != np.uint8 or pair.shape[0] != 2 or pair.shape[3] != 3:
        raise ValueError(
            f"the pair is {pair.dtype} {list(pair.shape)}; expected uint8 [2, S, S, 3], RGB faces "
            "of onset and apex"
        )
    face = face_of(pair.shape[1])
    onset, apex = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in pair)
    apart = cv2.GaussianBlur(apex - onset, (0, 0), _SMOOTH_IOD * face.iod_px)
    line = (np.arange(PATCH, dtype=np.float32) - PATCH // 2) * np.float32(_SPACING_IOD)
    x = (NODES[:, 0, None, None] + line[None, None]) * face.iod_px + face.eyes_px[0]
    y = (NODES[:, 1, None, None] + line[None, :, None]) * face.iod_px + face.eyes_px[1]
    shape = (len(NODES), PATCH, PATCH)
    across, down = (np.float32(np.broadcast_to(p, shape).reshape(-1, PATCH)) for p in (x, y))
    made = cv2.remap(apart, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, dtype=np.float32).reshape(shape)


def _reduce(inputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, 320), nn.ReLU(), nn.Dropout(), nn.Linear(320, _VECTOR), nn.ReLU()
    )


def make_fgrl_auf() -> NetworkModel:
    """Nodes of brows and mouth, fused with action units."""
    return NetworkModel(
        name="fgrl-auf",
        build=FgrlAuf,
        optimiser=Optimiser(epochs=200, batch=64, learning_rate=2e-4),
        about="30 nodes of 7x7 grey differences; one attention layer of 8 heads each for brows and "
        "mouth; 320, 160; 9 action units 40, 80, 160 by recipes",
        stacks=False,
        represent_one=node_patches,
    )


METHOD = Method(
    title="FGRL-AUF",
    year=2021,
    reads="pairs",
    source="Lei et al., CVPR Workshops 2021; code raying777/FGRMER",
    status="official code followed",
    make=make_fgrl_auf,
    open="patches of grey differences at fixed nodes for a learned magnifier's at landmarks; "
    "units' co-occurrence from recipes; 200 epochs, none chosen on the held-out subject",
)
