"""How a run from votes to a better model reads; each front-end gives it the form it needs."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.fronts.verdict_table import verdict_lines
from bot.languages import Words, message
from bot.learning import RunReport, TrialReport
from bot.store.version_port import Ending, Stage
from finetune.gate.verdict import Verdict

__all__ = ["RunSheet", "RunWording"]

_BAR_CELLS = 12
_MOST_PAIRS = 3
_MINUTE = 60
_HOUR = 60 * _MINUTE
_STAGES = {
    Stage.SNAPSHOT: message("Choosing the votes to learn from…"),
    Stage.TRAINING: message("Learning…"),
    Stage.GATE: message("Comparing what I have learned with what I was…"),
    Stage.TRIAL: message("Trying {version} out on a part of all requests."),
}
_ENDINGS = {
    Ending.PROMOTED: message("{version} serves now, in the place of {parent}."),
    Ending.RETIRED: message("{version} retires after its trial; {parent} stays."),
    Ending.REJECTED: message("{version} did not pass; {parent} stays."),
    Ending.CANCELLED: message("That was called off; {parent} stays."),
    Ending.FAILED: message("That went wrong; {parent} stays."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSheet:
    """What a message about a run shows: lines, a table with columns, and lines again.

    `asks` says whether an admin has to decide, with buttons below.
    """

    head: tuple[str, ...]
    table: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    asks: bool = False


class RunWording:
    """`quote` makes harmless what does not come from the catalogues."""

    def __init__(self, *, words: Words, quote: Callable[[str], str] = str) -> None:
        self._words = words
        self._quote = quote

    def sheet(self, report: RunReport) -> RunSheet:
        """How a run stands."""
        head = [self.state(report)]
        if report.ended:
            head += [self._quote(report.run.detail)] if report.run.detail else []
        elif progress := self.progress(report):
            head.append(progress)
        verdict, trial = report.verdict, None if report.ended else report.trial
        return RunSheet(
            head=(*head, *self.votes(report), *([self.passed(verdict)] if verdict else [])),
            table=tuple(verdict_lines(verdict, self._words)) if verdict else (),
            rest=(
                *(self.reasons(verdict) if verdict else []),
                *(self.trial(trial) if trial else []),
            ),
            asks=trial is not None and trial.waits_for_admin,
        )

    def began(self) -> str:
        """What /retrain says at once."""
        return self._words.say("I have begun to learn from your votes.")

    def cancelled(self) -> str:
        """What /retrain cancel says."""
        return self._words.say("I stop learning; everything stays as it was.")

    def state(self, report: RunReport) -> str:
        """The stage of a run, or how it ended."""
        run = report.run
        text = _ENDINGS[run.ending] if run.ending else _STAGES[run.stage]
        version = run.version or self._words.say("the new version")
        return self._words.say(text, version=self._quote(version), parent=self._quote(run.parent))

    def progress(self, report: RunReport) -> str:
        """How far a stage is, on one line; empty if nobody knows, as in a trial."""
        words, parts = self._words, []
        if report.run.stage is Stage.TRIAL:
            return ""
        if report.of > 0:
            share = min(max(report.step / report.of, 0.0), 1.0)
            cells = round(share * _BAR_CELLS)
            bar = "█" * cells + "░" * (_BAR_CELLS - cells)
            parts.append(words.say("{bar} {percent} %", bar=bar, percent=int(100 * share)))
        if report.doing:
            parts.append(self._quote(report.doing))
        if report.loss is not None:
            parts.append(words.say("loss {loss}", loss=f"{report.loss:.3f}"))
        if report.seconds_left is not None:
            parts.append(self._left(report.seconds_left))
        return " · ".join(parts)

    def votes(self, report: RunReport) -> list[str]:
        """What was learned from, what was set aside, and whose votes weigh the most."""
        words, lines = self._words, []
        if report.learned_votes:
            lines.append(
                words.count(
                    "There is {number} vote to learn from.",
                    "There are {number} votes to learn from.",
                    report.learned_votes,
                )
            )
        if report.flooded_votes:
            lines.append(
                words.count(
                    "{number} vote came in a flood from new members; I left it out.",
                    "{number} votes came in a flood from new members; I left them out.",
                    report.flooded_votes,
                )
            )
        if report.heaviest_share:
            lines.append(
                words.say(
                    "The busiest member has {member} % of the weight, the busiest five have "
                    "{clique} %.",
                    member=round(100 * report.heaviest_share),
                    clique=round(100 * report.clique_share),
                )
            )
        return lines

    def passed(self, verdict: Verdict) -> str:
        """The verdict in a sentence."""
        if verdict.passed:
            return self._words.say("The new version has passed:")
        return self._words.say("The new version has not passed:")

    def reasons(self, verdict: Verdict) -> list[str]:
        """Why a version did not pass, in the gate's own words."""
        return [] if verdict.passed else [f"✗ {self._quote(each)}" for each in verdict.reasons]

    def trial(self, trial: TrialReport) -> list[str]:
        """How the votes on a challenger stand."""
        words = self._words
        challenger = self._quote(trial.challenger)
        lines = [
            words.say(
                "Members who voted: {new} on {challenger}, {old} on {champion}; at least "
                "{needed} are needed.",
                new=trial.challenger_votes,
                challenger=challenger,
                old=trial.champion_votes,
                champion=self._quote(trial.champion),
                needed=trial.votes_needed,
            ),
            words.say(
                "It is {percent} % sure that {challenger} is better.",
                percent=int(100 * trial.probability),
                challenger=challenger,
            ),
        ]
        if trial.waits_for_admin:
            lines.append(words.say("Shall {challenger} serve from now on?", challenger=challenger))
        return lines

    def pairs(self, verdict: Verdict) -> list[str]:
        """Jokes on the same topics before and after, each pair as one text."""
        words = self._words
        return [
            "\n".join(
                (
                    words.say("About {topic}:", topic=self._quote(pair.topic)),
                    words.say("Before: {joke}", joke=self._quote(pair.champion)),
                    words.say("After: {joke}", joke=self._quote(pair.candidate)),
                )
            )
            for pair in verdict.pairs[:_MOST_PAIRS]
        ]

    def promote(self) -> str:
        """The button that lets a challenger serve."""
        return self._words.say("Promote")

    def keep(self) -> str:
        """The button that lets the champion stay."""
        return self._words.say("Keep the old one")

    def rolled_back(self, version: str) -> str:
        """After /rollback."""
        return self._words.say("{version} serves again.", version=self._quote(version))

    def rolled_back_by_itself(self, version: str, failed: str) -> str:
        """When a new champion erred so much that the one before serves again."""
        return self._words.say(
            "{failed} made too many mistakes, so {version} serves again.",
            failed=self._quote(failed),
            version=self._quote(version),
        )

    def _left(self, seconds: float) -> str:
        words = self._words
        if seconds < _MINUTE:
            return words.say("less than a minute left")
        if seconds < 2 * _HOUR:
            minutes = round(seconds / _MINUTE)
            return words.count("about {number} minute left", "about {number} minutes left", minutes)
        hours = round(seconds / _HOUR)
        return words.count("about {number} hour left", "about {number} hours left", hours)
