"""What a model of the benchmark is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamer.core.errors import SourceFormatError

Settings = Mapping[str, object]  # plain values only: they are written into the run folder


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Clips as arrays. Row i of every field is the clip `ids[i]`."""

    ids: tuple[str, ...]
    groups: tuple[str, ...]  # data set and subject
    maps: NDArray[np.uint8]  # [N, 28, 28, 3]: u, v, strain
    labels: NDArray[np.int64]  # [N], positions in the list of classes
    pairs: NDArray[np.uint8] | None = None  # [N, 2, S, S, 3]: onset and apex face, where asked for
    jittered: NDArray[np.uint8] | None = None  # [N, D, 2, S, S, 3]: the same, some frames off
    clips: NDArray[np.object_] | None = None  # [N] of uint8 [T, S, S]: grey faces, onset to offset
    represented: NDArray | None = None  # [N, ...]: what `Model.represent` made of them

    @property
    def inputs(self) -> NDArray:
        """What models learn from and are asked about: the first there is of representation,
        clips, pairs and maps."""
        for given in (self.represented, self.clips, self.pairs):
            if given is not None:
                return given
        return self.maps

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.int64]) -> Samples:
        """Only these rows, in this order."""
        return Samples(
            tuple(self.ids[i] for i in rows),
            tuple(self.groups[i] for i in rows),
            self.maps[rows],
            self.labels[rows],
            None if self.pairs is None else self.pairs[rows],
            None if self.jittered is None else self.jittered[rows],
            None if self.clips is None else self.clips[rows],
            None if self.represented is None else self.represented[rows],
        )


@dataclass(frozen=True, slots=True)
class FitPlan:
    """How one training goes, the same for every fold.

    `order` lists the ids of the whole selection: the order of the batches is drawn for it, and a
    fold leaves out the ids it does not train on. So folds that are trained together and folds that
    are trained one by one meet their clips in the same order.
    """

    classes: int
    seed: int
    epochs: int  # passes over the training clips; models without epochs ignore it
    device: str
    order: tuple[str, ...]
    seeds: tuple[int, ...] = ()  # of the rows of `fit_folds`, where they differ

    def of(self, position: int) -> FitPlan:
        """The plan of one of the rows of `fit_folds`."""
        return replace(self, seed=self.seeds[position], seeds=()) if self.seeds else self


class Fitted(Protocol):
    """A model that has been trained."""

    def probabilities(self, maps: NDArray) -> NDArray[np.float32]:
        """[N, classes] of rows of `Samples.inputs`; rows sum to one."""
        ...

    def features(self, maps: NDArray) -> NDArray[np.float32] | None:
        """[N, D], what the last layer sees; None where the model has none."""
        ...


# Told after an epoch: epoch (from 1), position of the fold, the model as it is now.
Watch = Callable[[int, int, Fitted], None]


class Model(Protocol):
    """A recipe that turns training clips into a fitted model."""

    @property
    def name(self) -> str:
        """As on the command line."""
        ...

    @property
    def default_epochs(self) -> int:
        """As published, or our choice; 0 for a model without epochs."""
        ...

    @property
    def seeded(self) -> bool:
        """Whether the seed changes anything."""
        ...

    @property
    def stacks(self) -> bool:
        """Whether `fit_folds` trains all folds in one program."""
        ...

    def settings(self) -> Settings:
        """Everything besides the plan that changes the result."""
        ...

    def represent(self, samples: Samples) -> Samples:
        """Done once before the folds: each clip by itself, nothing learnt from the others."""
        ...

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """One fold: only its training clips are passed."""
        ...

    def fit_folds(
        self,
        samples: Samples,
        rows: Sequence[NDArray[np.int64]],
        plan: FitPlan,
        watch: Watch | None = None,
    ) -> list[Fitted]:
        """Many trainings at once; number f learns from `rows[f]` of the samples and nothing else.

        Its seed is that of `plan.of(f)`: folds and seeds can share one program.
        """
        ...


class AsGiven:
    """A model that takes the clips' inputs as they are."""

    __slots__ = ()

    def represent(self, samples: Samples) -> Samples:
        """As they are."""
        return samples


class OneByOne(AsGiven):
    """A model that trains its folds one after the other."""

    __slots__ = ()

    def fit(self, train: Samples, plan: FitPlan, watch: Watch | None = None) -> Fitted:
        """See `Model.fit`."""
        raise NotImplementedError

    def fit_folds(
        self,
        samples: Samples,
        rows: Sequence[NDArray[np.int64]],
        plan: FitPlan,
        watch: Watch | None = None,
    ) -> list[Fitted]:
        """A loop over `fit`."""
        return fit_one_by_one(self, samples, rows, plan, watch)


def fit_one_by_one(
    model: Model | OneByOne,
    samples: Samples,
    rows: Sequence[NDArray[np.int64]],
    plan: FitPlan,
    watch: Watch | None = None,
) -> list[Fitted]:
    """`fit_folds` as a loop over `fit`."""
    return [
        model.fit(samples.take(own), plan.of(position), _at(position, watch))
        for position, own in enumerate(rows)
    ]


def _at(position: int, watch: Watch | None) -> Watch | None:
    """A fold that is trained alone has position 0; pass its true one on."""
    if watch is None:
        return None
    report = watch
    return lambda epoch, _, fitted: report(epoch, position, fitted)


def represent_each(samples: Samples, name: str, represent: Callable[[NDArray], NDArray]) -> Samples:
    """The samples with what `represent` makes of each clip's input, stacked; with a progress bar.

    Raises:
        SourceFormatError: a clip cannot be represented (a ValueError of `represent`); names it.
    """
    made = []
    for clip, given in tqdm(
        zip(samples.ids, samples.inputs, strict=True),
        total=len(samples),
        desc=f"{name}: input",
        unit="clip",
        disable=None,
    ):
        try:
            made.append(represent(given))
        except ValueError as error:
            raise SourceFormatError(f"clip {clip}: {error}") from error
    return replace(samples, represented=np.stack(made))


def epoch_batches(plan: FitPlan, batch: int) -> Iterator[list[NDArray[np.int64]]]:
    """Per epoch, the batches as rows of `plan.order`; depends on the seed and the ids' count."""
    rng = np.random.default_rng([plan.seed, 1])
    for _ in range(plan.epochs):
        order = rng.permutation(len(plan.order))
        yield [order[start : start + batch] for start in range(0, len(order), batch)]


def own_rows(plan: FitPlan, ids: tuple[str, ...]) -> NDArray[np.int64]:
    """For every clip of `plan.order` its row among `ids`, or -1 where the fold has it not."""
    place = {clip: row for row, clip in enumerate(ids)}
    return np.array([place.get(clip, -1) for clip in plan.order], dtype=np.int64)
