"""Steps of every shape: done plainly until they are recorded, repeated from then on."""

import logging
from collections.abc import Callable, Sequence

import torch

from bot.generation.graphs.decoder import Decoder
from bot.generation.graphs.places import Places, upload
from bot.generation.graphs.recording import Recorder
from bot.generation.graphs.shapes import Kind, Shape, Shapes
from bot.generation.graphs.step import Outcome, Prompts, decode, read

__all__ = ["Piece", "Steps"]

_log = logging.getLogger(__name__)

Piece = tuple[int, int, Sequence[int]]
"""A place, the position of the first token, and tokens of its prompt."""


class Steps:
    """Runs steps on `places` and leaves word in `outcome`.

    Without a recorder every step is done plainly, and so it is when recording fails.
    """

    def __init__(
        self, *, decoder: Decoder, slots: int, longest: int, recorder: Recorder | None
    ) -> None:
        self._decoder = decoder
        self.shapes = Shapes(slots=slots, longest=longest)
        self.places = Places.empty(decoder.weights, slots=slots, capacity=self.shapes.capacity)
        self.outcome = Outcome.empty(self.places)
        self._prompts = Prompts.empty(self.places, widest=self.shapes.widths[-1])
        self._recorder = recorder
        self._recorded: dict[Shape, Callable[[], object]] = {}
        self._unrecorded = list(self.shapes) if recorder is not None else []
        self._latest: Shape | None = None

    @property
    def unrecorded(self) -> bool:
        """Whether there is still something to record."""
        return bool(self._unrecorded)

    def decode(self, count: int, *, length: int, sort: bool) -> None:
        """Extend the first `count` places, whose texts are at most `length` long afterwards."""
        shapes = self.shapes
        self.places.count.fill_(count)
        self._run(shapes.sorting(count) if sort else shapes.decoding(count, length=length))

    def read(self, pieces: Sequence[Piece]) -> None:
        """Read a piece of each prompt; none is longer than the widest shape."""
        shape = self.shapes.reading(len(pieces), width=max(len(ids) for _, _, ids in pieces))
        filled = list(pieces) + [(self.places.nobody, 0, [0])] * (shape.rows - len(pieces))
        spare, width = self.places.spare, shape.extent
        tokens = [[*ids, *[0] * (width - len(ids))] for _, _, ids in filled]
        positions = [
            [*range(start, start + len(ids)), *[spare] * (width - len(ids))]
            for _, start, ids in filled
        ]
        prompts, rows = self._prompts, shape.rows
        upload(prompts.tokens[:rows, :width], torch.tensor(tokens))
        upload(prompts.positions[:rows, :width], torch.tensor(positions))
        upload(prompts.places[:rows], torch.tensor([place for place, _, _ in filled]))
        upload(prompts.last[:rows], torch.tensor([len(ids) - 1 for _, _, ids in filled]))
        self._run(shape)

    def record(self, *, idle: bool) -> None:
        """Record the step just done, if it is not yet, or when nobody waits any other."""
        if self._latest in self._unrecorded:
            shape = self._latest
        elif idle and self._unrecorded:
            shape = self._unrecorded[0]
        else:
            return
        if self._recorder is not None:
            self._record(self._recorder, shape)

    def _record(self, recorder: Recorder, shape: Shape) -> None:
        places = self.places
        trial = Places.empty(
            self._decoder.weights,
            slots=places.nobody,
            capacity=self.shapes.capacity,
            sharing=places,
        )
        others = (
            trial,
            Prompts.empty(trial, widest=self.shapes.widths[-1]),
            Outcome.empty(trial),
        )
        # A wider piece may have left columns there that this shape does not have.
        self._prompts.last.zero_()
        try:
            self._recorded[shape] = recorder.record(
                self._work(shape, places, self._prompts, self.outcome),
                trial=self._work(shape, *others),
            )
        except RuntimeError as error:
            _log.warning("steps are not recorded and run the plain way: %s", error)
            self._unrecorded.clear()
            return
        self._unrecorded.remove(shape)
        if not self._unrecorded:
            _log.info("%d steps are recorded", len(self._recorded))

    def _run(self, shape: Shape) -> None:
        self._latest = shape
        plainly = self._work(shape, self.places, self._prompts, self.outcome)
        self._recorded.get(shape, plainly)()

    def _work(
        self, shape: Shape, places: Places, prompts: Prompts, outcome: Outcome
    ) -> Callable[[], None]:
        rows, extent = shape.rows, shape.extent
        if shape.kind is Kind.READ:
            return lambda: read(self._decoder, places, prompts, outcome, rows=rows, width=extent)
        sort = shape.kind is Kind.SORT
        return lambda: decode(self._decoder, places, outcome, rows=rows, length=extent, sort=sort)
