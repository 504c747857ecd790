"""STSTNet as the benchmark trains it: all folds in one program."""

from __future__ import annotations

from training.methods._ststnet_net import STSTNet
from training.methods._ststnet_stack import ststnet_gradients
from training.models.flow_net import Optimiser
from training.models.method import Method
from training.models.network import NetworkModel


def make_ststnet() -> NetworkModel:
    """The model as published."""
    return NetworkModel(
        name="ststnet",
        build=STSTNet,
        optimiser=Optimiser(epochs=800, batch=256, learning_rate=5e-5),
        about="3x3 convolutions 3+5+8, max-pool 3/3, avg-pool 2, fully connected 400; scale 32",
        gradients=ststnet_gradients,
    )


METHOD = Method(
    title="STSTNet",
    year=2019,
    reads="maps",
    source="Liong et al., FG 2019, arXiv 1902.03634",
    status="paper",
    make=make_ststnet,
    open="padding 1; a fixed scaling of the maps inside the network",
    printed_parameters="1,651",
)
