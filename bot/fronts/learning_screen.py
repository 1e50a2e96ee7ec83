"""How learning looks on a terminal: a live line and tables; few plain lines anywhere else."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from bot.fronts.model_table import MODEL_NUMBERS, model_lines, model_rows
from bot.fronts.run_wording import RunWording
from bot.fronts.verdict_table import VERDICT_NUMBERS, verdict_lines, verdict_rows
from bot.languages import ENGLISH
from bot.learning import ModelLine, RunReport
from bot.store.version_port import Stage
from finetune.gate.verdict import Verdict

__all__ = ["LearningScreen"]

_QUARTERS = 4


class LearningScreen:
    """Writes to a rich console; nothing it is given is taken for markup."""

    def __init__(self, *, console: Console) -> None:
        self._console = console
        self._wording = RunWording(words=ENGLISH)

    def answer(self, sentence: str) -> None:
        """An ordinary answer."""
        self._line(sentence)

    def refuse(self, sentence: str) -> None:
        """A kind no."""
        self._line(sentence, style="yellow")

    def stands(self, report: RunReport) -> None:
        """How a run stands now."""
        sheet = self._wording.sheet(report)
        self.lines((*sheet.head, *sheet.table, *sheet.rest))

    def models(self, lines: Sequence[ModelLine]) -> None:
        """Every version."""
        if self._console.is_terminal:
            self._table(model_rows(lines, ENGLISH), right=MODEL_NUMBERS)
            return
        self.lines(model_lines(lines, ENGLISH)[0])

    @contextmanager
    def watching(self) -> Iterator[Callable[[RunReport], None]]:
        """Yields what shows each report of a run; with a live line on a terminal."""
        if not self._console.is_terminal:
            yield _Watch(screen=self, status=None).show
            return
        with self._console.status("…") as status:
            yield _Watch(screen=self, status=status).show

    def verdict(self, report: RunReport, verdict: Verdict) -> None:
        """What the gate found, samples, and where to see more."""
        self._line(self._wording.passed(verdict))
        if self._console.is_terminal and verdict.figures:
            self._table(verdict_rows(verdict, ENGLISH), right=VERDICT_NUMBERS)
        else:
            self.lines(verdict_lines(verdict, ENGLISH))
        self.lines((*self._wording.reasons(verdict), *self._wording.pairs(verdict)))
        for name, path in (("Curves", report.picture), ("Report", report.page)):
            if path is not None:
                self._line(f"{name}: {path}")

    def lines(self, lines: Sequence[str]) -> None:
        """Several answers."""
        for line in lines:
            self._line(line)

    def _line(self, text: str, *, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=not self._console.is_terminal)

    def _table(self, rows: Sequence[Sequence[str]], *, right: Sequence[int]) -> None:
        heading, *body = rows
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for place, name in enumerate(heading):
            table.add_column(Text(name), justify="right" if place in right else "left")
        for row in body:
            table.add_row(*map(Text, row))
        self._console.print(table)


class _Watch:
    """Shows the reports of one run, one after the other."""

    def __init__(self, *, screen: LearningScreen, status: Status | None) -> None:
        self._screen = screen
        self._status = status
        self._wording = RunWording(words=ENGLISH)
        self._said: tuple[object, ...] = ()
        self._votes_said = False
        self._verdict_shown = False

    def show(self, report: RunReport) -> None:
        """The live line, and below it once what stays."""
        wording = self._wording
        if not self._votes_said and report.learned_votes:
            self._votes_said = True
            self._screen.lines(wording.votes(report))
        if report.verdict is not None and not self._verdict_shown:
            self._verdict_shown = True
            self._screen.verdict(report, report.verdict)
        now = " ".join(filter(None, (wording.state(report), wording.progress(report))))
        if report.ended:
            self._screen.lines(wording.sheet(report).head[: 1 + bool(report.run.detail)])
        elif self._status is not None and report.run.stage is not Stage.TRIAL:
            self._status.update(Text(now))
        else:
            quarter = _QUARTERS * report.step // report.of if report.of > 0 else 0
            if self._said != (report.run.stage, quarter):
                self._said = report.run.stage, quarter
                self._screen.answer(now)
