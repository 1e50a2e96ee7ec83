"""The report of a model version, as one HTML page and as a model card."""

from finetune.report.card import write_card
from finetune.report.content import (
    TRAINING,
    HistoryPoint,
    ReportContent,
    ReportError,
    Sample,
    read_content,
)
from finetune.report.page import write_report

__all__ = [
    "TRAINING",
    "HistoryPoint",
    "ReportContent",
    "ReportError",
    "Sample",
    "read_content",
    "write_card",
    "write_report",
]
