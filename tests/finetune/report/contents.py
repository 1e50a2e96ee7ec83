"""What a report says, made up for the tests."""

import math
from typing import Any

from finetune.report.content import HistoryPoint, ReportContent, Sample

__all__ = ["content", "history"]


def history(steps: int = 40) -> list[HistoryPoint]:
    """Losses that fall; the held-out one is taken every tenth step and is lowest at step 30."""
    return [
        HistoryPoint(
            step=step,
            epoch=step / 20,
            tokens=step * 100,
            loss=2 + math.exp(-step / 9),
            held_out_loss=2.5 + abs(step - 30) / 100 if step % 10 == 0 else None,
            learning_rate=1e-3 * (1 - step / (steps + 1)),
        )
        for step in range(1, steps + 1)
    ]


def content(**changes: Any) -> ReportContent:
    """A whole report, parts of it changed."""
    parts: dict[str, Any] = {
        "version": "funny-7",
        "base": "starter",
        "parent": None,
        "created": "2026-11-23T17:00:00+00:00",
        "recipe": {"method": "lora", "learning_rate": 4e-4, "lora": {"rank": 16}},
        "data": {
            "schema": 1,
            "sources": {
                "a.csv": {"rows": 1200, "dropped": {"empty": 3, "offensive": 40}, "kept": 1157},
                "b.json": {"rows": 80, "dropped": {"empty": 0, "offensive": 1}, "kept": 79},
            },
            "examples": {"too long": ["A row of the training data."]},
            "words": {"mean": 18.42},
        },
        "history": history(),
        "metrics": {
            "this version": {
                "loss_per_character": {"value": 0.9, "low": 0.88, "high": 0.92},
                "topic_told": {"value": 0.98, "low": 0.95, "high": 1.0},
            },
            "base": {"loss_per_character": {"value": 1.2, "low": 1.1, "high": 1.3}},
        },
        "samples": [Sample(topic="cats", text="Why did the cat sit on the laptop? The mouse.")],
        "environment": {"torch": "2.13.0", "device": "cpu (x86_64)"},
    }
    return ReportContent(**{**parts, **changes})
