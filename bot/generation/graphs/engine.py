"""The engine for GPUs: recorded steps, one always ahead of what the host knows."""

import logging
from collections import deque
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from bot.generation.features import HiddenState, JokeReader
from bot.generation.graphs.decoder import Decoder
from bot.generation.graphs.flights import Flight, Passenger
from bot.generation.graphs.places import Entry, Prefix
from bot.generation.graphs.recording import CudaRecorder, Recorder
from bot.generation.graphs.steps import Piece, Steps
from bot.generation.graphs.weights import StepWeights
from bot.generation.jobs import EngineJob, Generated, Jobs

__all__ = ["GraphEngine"]

_log = logging.getLogger(__name__)

_LONGEST = 255
"""Tokens of a prompt and its joke there is room for from the start; longer ones make more."""


class GraphEngine:
    """Implements `Engine` for models of the Llama and GPT-2 families.

    A step draws on the device and feeds what it drew to the next, so the next is sent before the
    host has seen this one. Then the host looks, while the device computes: a joke that has ended
    was read one token too far by then, which nobody sees, and leaves its place one step late.
    Whatever moves on the device is sent to the same stream and so happens in order. What a step
    leaves for the host is copied there before the next begins, with whom it is about; a candidate
    that has gone since is passed over.
    """

    def __init__(
        self,
        *,
        model: PreTrainedModel,
        end_ids: frozenset[int],
        slots: int,
        shared_prefix: Sequence[int] = (),
        recorder: Recorder | None = None,
        longest: int = _LONGEST,
    ) -> None:
        """Raises `UnknownFamilyError` for other families, `torch.OutOfMemoryError` without room."""
        self._model = model
        self._end_ids = end_ids
        self._slots = slots
        self._recorder = recorder
        self._hidden = HiddenState(model)
        self._decoder = Decoder(StepWeights.of(model), read_layer=self._hidden.layer)
        self._limit = self._decoder.weights.limit
        self._steps = self._steps_for(min(longest, self._limit))
        self._jobs = Jobs(slots=slots, limit=self._limit)
        self._passengers: list[Passenger] = []
        self._air: deque[Flight] = deque()
        self._missed = False
        self._drawn = 0
        self._prefix_ids = tuple(shared_prefix)
        self._prefix = self._read_prefix()

    @classmethod
    def on_gpu(
        cls,
        *,
        model: PreTrainedModel,
        end_ids: frozenset[int],
        slots: int,
        shared_prefix: Sequence[int] = (),
    ) -> "GraphEngine":
        """With steps recorded as CUDA graphs. Raises what the constructor raises."""
        return cls(
            model=model,
            end_ids=end_ids,
            slots=slots,
            shared_prefix=shared_prefix,
            recorder=CudaRecorder(model.device),
        )

    @property
    def free(self) -> int:
        return self._slots - len(self._passengers) - self._jobs.candidates

    @property
    def busy(self) -> bool:
        return bool(self._passengers or self._jobs or self._air or self._steps.unrecorded)

    @property
    def drawn(self) -> int:
        return self._drawn

    def submit(self, job: EngineJob) -> None:
        self._jobs.submit(job)

    @torch.no_grad()
    def cancel(self, job_id: str) -> None:
        self._jobs.cancel(job_id)
        for passenger in self._passengers:
            passenger.gone |= passenger.job.id == job_id
        self._clear_places()

    @torch.no_grad()
    def step(self) -> list[tuple[str, list[Generated]]]:
        sent = self._begin() or self._go_on()
        done: list[tuple[str, list[Generated]]] = []
        if len(self._air) > 1 or (self._air and not sent):
            done = self._land(self._air.popleft())
        self._steps.record(idle=not (self._passengers or self._jobs or self._air))
        return done

    def read(self, jokes: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[bytes | None]:
        reader = JokeReader(model=self._model, hidden=self._hidden, limit=self._limit)
        return reader.read(jokes)

    def _begin(self) -> bool:
        """Send off the reading of prompts that wait, if any; each candidate reads its own."""
        jobs = self._jobs.next(self._slots - len(self._passengers))
        if not jobs:
            return False
        self._make_room(max(job.length for job in jobs))
        entries = [Entry(job=job, number=number) for job in jobs for number in range(job.count)]
        first, places = len(self._passengers), self._steps.places
        places.join(entries, first=first, vocabulary=self._decoder.weights.vocabulary)
        begun = [place for place, each in enumerate(entries, first) if self._known(each.job)]
        if begun and self._prefix is not None:
            places.begin_with(self._prefix, begun)
        skip = dict.fromkeys(begun, len(self._prefix_ids))
        self._read_in_pieces(
            [
                (place, skip.get(place, 0), each.job.prompt[skip.get(place, 0) :])
                for place, each in enumerate(entries, first)
            ]
        )
        joined = [Passenger(job=each.job, number=each.number) for each in entries]
        self._passengers += joined
        self._air.append(Flight(self._steps.outcome, joined))
        return True

    def _go_on(self) -> bool:
        """Send off a token more for everyone, if there is anyone."""
        passengers = self._passengers
        if not passengers:
            return False
        length = max(len(each.job.prompt) + each.sent for each in passengers)
        self._steps.decode(len(passengers), length=length, sort=self._missed)
        self._missed = False
        for each in passengers:
            each.sent += 1
        self._air.append(Flight(self._steps.outcome, passengers))
        return True

    def _land(self, flight: Flight) -> list[tuple[str, list[Generated]]]:
        done: list[tuple[str, list[Generated]]] = []
        for passenger, token, logprob, row in flight.land():
            if token < 0:
                self._missed = True
                continue
            self._drawn += 1
            if passenger.accept(token, logprob, end_ids=self._end_ids):
                passenger.gone = True
                features = flight.features(row) if passenger.read else None
                done += self._jobs.finish(passenger, features)
        self._clear_places()
        return done

    def _clear_places(self) -> None:
        """Free the places of those who have gone; the last one moves into each."""
        for place in reversed(range(len(self._passengers))):
            if self._passengers[place].gone:
                last = self._passengers.pop()
                if place < len(self._passengers):
                    self._steps.places.move(source=len(self._passengers), target=place)
                    self._passengers[place] = last

    def _known(self, job: EngineJob) -> bool:
        """Whether a prompt goes on from the shared prefix."""
        length = len(self._prefix_ids)
        return length < len(job.prompt) and tuple(job.prompt[:length]) == self._prefix_ids

    @torch.no_grad()
    def _read_prefix(self) -> Prefix | None:
        """Read what most prompts begin with, once."""
        if not self._prefix_ids:
            return None
        self._make_room(len(self._prefix_ids) + 1)
        nobody = self._steps.places.nobody
        self._read_in_pieces([(nobody, 0, self._prefix_ids)])
        return self._steps.places.known(nobody, len(self._prefix_ids))

    def _read_in_pieces(self, prompts: Sequence[Piece]) -> None:
        """Read prompts, long ones in several pieces that all end with the last one."""
        widest = self._steps.shapes.widths[-1]
        longest = max(len(ids) for _, _, ids in prompts)
        for left in reversed(range(0, longest, widest)):
            pieces: list[Piece] = []
            for place, start, ids in prompts:
                begin, end = max(0, len(ids) - left - widest), len(ids) - left
                if end > 0:
                    pieces.append((place, start + begin, ids[begin:end]))
            self._steps.read(pieces)

    def _make_room(self, length: int) -> None:
        """Have room for texts of `length` tokens; what was recorded for less has to go."""
        room = self._steps.shapes.capacity - 1
        if length <= room:
            return
        steps = self._steps_for(min(max(length, 2 * room), self._limit))
        steps.places.take_over(self._steps.places)
        if self._model.device.type == "cuda":
            # A graph must not be taken away while the device still repeats it.
            torch.cuda.synchronize(self._model.device)
        self._steps = steps
        _log.info("there is room for texts of %d tokens now", steps.shapes.capacity - 1)

    def _steps_for(self, longest: int) -> Steps:
        return Steps(
            decoder=self._decoder, slots=self._slots, longest=longest, recorder=self._recorder
        )
