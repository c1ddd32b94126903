"""What `heymarket watch` shows: a line for each change and each failure, and the state of the teams below them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

import attrs
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from heymarket_async.cli.output import plain
from heymarket_async.errors import HeymarketError
from heymarket_async.values import MASK
from heymarket_async.watch.changes import Added, Change, Changed, Gap, Removed
from heymarket_async.watch.plan import PollEnded, PollFailed

# What a change is called, and how it looks.
_WORDS: Final[dict[type[Any], tuple[str, str]]] = {
    Added: ("added", "green"),
    Changed: ("changed", "cyan"),
    Removed: ("removed", "magenta"),
    Gap: ("gap", "bold yellow"),
}
_THIS: Final = "this team"
_MINUTE: Final = 60.0
_TELLING: Final = ("text", "name", "tag", "display_name", "title")


def record_of(change: Change[Any]) -> dict[str, Any]:
    """Return a change as what becomes a line of JSON."""
    record: dict[str, Any] = {"team": change.team, "feed": change.feed, "change": _WORDS[type(change)][0]}
    return record | {
        field.name: value
        for field in attrs.fields(type(change))
        if field.name not in record and (value := getattr(change, field.name)) is not None
    }


def line_of(change: Change[Any], now: datetime, *, reveal: bool) -> Text:
    """Return a change as a line for people.

    Args:
        change: the change.
        now: the time of day.
        reveal: show what a person wrote or is called.
    """
    word, style = _WORDS[type(change)]
    details = f" {plain(_details(change, reveal=reveal))}"
    return Text.assemble((_start(now), "dim"), (_whose(change.team), "bold"), f"{change.feed} ", (word, style), details)


def _details(change: Change[Any], *, reveal: bool) -> str:
    match change:
        case Gap():
            return f"not seen from {_moment(change.since)} to {_moment(change.until)}"
        case Removed():
            return f"{change.id}"
        case Added():
            words = ", ".join(change.kinds)
        case _:
            words = ", ".join(change.kinds) or ", ".join(change.fields or ())
    said = next((value for name in _TELLING if isinstance(value := getattr(change.after, name, None), str)), "")
    return "  ".join(filter(None, (str(change.id), words, (said if reveal else MASK) if said else "")))


def failure_line(event: PollFailed, now: datetime) -> Text:
    """Return a failure as a line for people."""
    return Text.assemble((_start(now), "dim"), (plain(in_words(event)), "red"))


def in_words(event: PollFailed) -> str:
    """Return what there is to say of a failure."""
    return f"{_whose(event.team)}{event.feed} failed: {reason(event.error)} Again in {event.next_in:.0f} s."


def reason(error: Exception) -> str:
    """Return in a sentence why a poll failed; of an error that is not ours, its class only."""
    return error.message if isinstance(error, HeymarketError) else f"{type(error).__name__}."


@attrs.define
class _TeamState:
    """What is known of a team.

    Attributes:
        polls: when there were polls, of the last minute.
        late: seconds that the last one began after its time.
        changes: how many changes there were so far.
        changed: when the last one came.
        failures: why polls of its feeds fail now.
    """

    polls: deque[float] = attrs.field(factory=deque[float])
    late: float = 0.0
    changes: int = 0
    changed: float | None = None
    failures: dict[str, str] = attrs.field(factory=dict[str, str])

    def rate(self, now: float) -> int:
        while self.polls and self.polls[0] < now - _MINUTE:
            self.polls.popleft()
        return len(self.polls)


class Board:
    """The state of the teams.

    Args:
        teams: their names; None for a team without one.
        clock: tells monotonic seconds.
    """

    def __init__(self, teams: Iterable[str | None], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._teams = {team: _TeamState() for team in teams}

    def note_poll(self, event: PollEnded | PollFailed) -> None:
        """Take what is told of a poll."""
        team = self._teams[event.team]
        team.polls.append(self._clock())
        if isinstance(event, PollFailed):
            team.failures[event.feed] = reason(event.error)
        else:
            team.late = event.late
            team.failures.pop("team", None)  # As the beginning is called.
            team.failures.pop(event.feed, None)

    def note_change(self, change: Change[Any]) -> None:
        """Take a change."""
        team = self._teams[change.team]
        team.changes += 1
        team.changed = self._clock()

    def show(self, rows: int) -> Group:
        """Return the teams that fail, and those where something has happened lately, as a table with a sum below it.

        Args:
            rows: so many teams at the most.
        """
        now = self._clock()
        teams = sorted(self._teams.items(), key=lambda item: (not item[1].failures, -(item[1].changed or 0.0)))
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for name in ("Team", "Polls a minute", "Late", "Changes", "Last change", "State"):
            table.add_column(name, justify="left" if name in ("Team", "State") else "right", no_wrap=True)
        for called, team in teams[:rows]:
            state = "; ".join(f"{feed}: {why}" for feed, why in team.failures.items())
            table.add_row(
                Text(plain(called or _THIS)),
                str(team.rate(now)),
                f"{team.late:.1f} s",
                str(team.changes),
                "-" if team.changed is None else f"{now - team.changed:.0f} s ago",
                Text(plain(state) or ("ok" if team.polls or team.changes else "-"), "red" if state else "green"),
            )
        return Group(table, Text(self._sum(now, len(teams) - rows), "dim"))

    def _sum(self, now: float, hidden: int) -> str:
        teams = self._teams.values()
        failing = sum(bool(team.failures) for team in teams)
        words = [
            f"{len(teams)} team{'' if len(teams) == 1 else 's'}{f' ({hidden} not shown)' if hidden > 0 else ''}",
            f"{sum(team.rate(now) for team in teams)} polls a minute",
            f"{max((team.late for team in teams), default=0.0):.1f} s late at the most",
            f"{failing} failing",
            "Ctrl-C ends it",
        ]
        return " · ".join(words)


def _start(now: datetime) -> str:
    return f"{now:%H:%M:%S}  "


def _whose(team: str | None) -> str:
    return "" if team is None else plain(f"{team}  ")


def _moment(time: datetime | None) -> str:
    return "?" if time is None else time.isoformat(sep=" ", timespec="seconds")
