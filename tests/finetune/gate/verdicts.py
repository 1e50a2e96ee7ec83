"""Verdicts as the gate makes them."""

from dataclasses import replace

from finetune.gate.verdict import GateFigure, Pair, Verdict
from finetune.report.content import HistoryPoint

__all__ = ["FAILED", "HISTORY", "PASSED", "REFUSED"]

_LOSS = GateFigure(
    name="loss",
    title="Loss of held-out jokes",
    share=False,
    higher_is_better=False,
    champion=0.85,
    candidate=0.86,
    low=0.855,
    high=0.866,
    limit=0.8925,
    passed=True,
    explanation="It is fine.",
)
_COMPLETE = GateFigure(
    name="complete",
    title="Complete",
    share=True,
    higher_is_better=True,
    champion=0.99,
    candidate=0.8,
    low=0.73,
    high=0.87,
    limit=0.97,
    passed=False,
    explanation="Complete: 80 & <fewer> than 97 %.",
)
_AGREEMENT = replace(
    _COMPLETE, name="agreement", title="Agrees", champion=None, limit=0.5, passed=True
)
_UNMEASURED = replace(
    _LOSS, name="copied", champion=None, candidate=None, low=None, high=None, limit=None
)

FAILED = Verdict(
    passed=False,
    candidate="second $1$",
    champion="first",
    seconds=61.5,
    figures=[_LOSS, _COMPLETE, _AGREEMENT, _UNMEASURED],
    reasons=[_COMPLETE.explanation],
    pairs=[Pair(topic="cats", champion="An <old> joke.", candidate="A new & better joke.")],
    votes_judged=40,
)
PASSED = replace(
    FAILED, passed=True, reasons=[], figures=[_LOSS, _AGREEMENT, _UNMEASURED], votes_judged=1
)
REFUSED = Verdict(
    passed=False, candidate="second", champion="first", reasons=["model.safetensors is damaged."]
)
HISTORY = [
    HistoryPoint(step=0, epoch=0.0, tokens=0, held_out_loss=3.1),
    HistoryPoint(step=1, epoch=0.5, tokens=100, loss=3.5, learning_rate=1e-3),
    HistoryPoint(step=2, epoch=1.0, tokens=200, loss=3.2, held_out_loss=3.15),
]
