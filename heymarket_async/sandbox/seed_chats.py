"""Fictional conversations for the first team, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from heymarket_async.sandbox import chats
from heymarket_async.sandbox.records import Moment, Record
from heymarket_async.sandbox.state import Team

# Monday, 2 March 2026, 09:00 UTC: fixed, so that the same seed gives the same data on any day.
START: Final = Moment.read("2026-03-02T09:00:00Z")
_MINUTE: Final = 60_000_000

# Name, number, the words in turn (those from outside first), and whether the conversation is closed.
_TALKS: Final = (
    (
        "Sam Reed",
        "14155550150",
        ("Hi, is Thursday at 3 still free?", "It is. Shall I put you down?", "Yes please"),
        False,
    ),
    ("Robin Vale", "14155550151", ("Do you take walk-ins?", "Weekdays before noon, yes."), False),
    ("Alex Marsh", "14155550152", ("Thanks, all sorted!", "Glad to hear it."), True),
    ("Jamie Frost", "14155550153", ("Can you call me back?",), False),
)
_QUESTIONS: Final = (
    "Are you open today?",
    "Can I move my appointment?",
    "What does it cost?",
    "On my way",
    "Thank you!",
)
_ANSWERS: Final = ("Yes, until six.", "Of course. Which day suits you?", "See you soon.", "You are welcome.")
_AREAS: Final = (510, 206, 312, 617, 303, 503, 512, 602, 702, 213)
_PER_TALK: Final = 250
MOST_NUMBERS: Final = len(_AREAS) * 100


def add_chats(team: Team, seed: int | str, history: int) -> None:
    """Fill a team with a few conversations, and with `history` messages more. Nothing of it counts as sent.

    Args:
        team: the team; its first two inboxes get them.
        seed: the same seed gives the same history.
        history: how many messages to add. Each is a minute or more after the one before, so no two share their time.
    """
    inboxes = chats.rows(team.inboxes)[:2]
    now = START
    for place, (name, number, words, closed) in enumerate(_TALKS):
        inbox = inboxes[place % len(inboxes)]
        conversation = chats.thread(team, inbox, [number], now, name=name)
        user = chats.members_of(team, inbox)[0]
        conversation["assigned"] = user
        for at, text in enumerate(words):
            now = Moment(now + 7 * _MINUTE)
            _say(team, inbox, conversation, text, now, user if at % 2 else 0)
        if closed:
            team.conversations.change(conversation, now, {"status": "closed"})
    _add_history(team, inboxes, Random(f"{seed}/history"), history, now)


def _add_history(team: Team, inboxes: list[Record], random: Random, count: int, now: Moment) -> None:
    talks = min(-(-count // _PER_TALK), MOST_NUMBERS)
    numbers = list(fictional_numbers(talks))
    for at in range(count):
        now = Moment(now + _MINUTE + random.randrange(10 * _MINUTE))
        inbox = inboxes[at % talks % len(inboxes)]
        conversation = chats.thread(team, inbox, [numbers[at % talks]], now)
        answers = random.random() < 0.5
        user = conversation["members"][0]["id"] if answers else 0
        _say(team, inbox, conversation, random.choice(_ANSWERS if answers else _QUESTIONS), now, user)


def fictional_numbers(count: int) -> Iterator[str]:
    """Yield numbers that no one has: 555-0100 to 555-0199 are kept for fiction."""
    for serial in range(count):
        yield f"1{_AREAS[serial // 100]}55501{serial % 100:02}"


def _say(team: Team, inbox: Record, conversation: Record, text: str, now: Moment, user: int) -> None:
    if user:
        chats.write(team, conversation, now, {"text": text, "user": user})
        chats.answered(team, conversation, user, text, now)
    else:
        chats.receive(team, inbox, conversation["target"], text, now)
