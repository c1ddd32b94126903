"""The rules that several operations share: who may act for which inbox, and what a repeat answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from heymarket_async.sandbox import chats
from heymarket_async.sandbox.asks import Ask
from heymarket_async.sandbox.records import Moment, Record
from heymarket_async.sandbox.refusals import Missing, Refusal, bad_data
from heymarket_async.sandbox.state import Team
from heymarket_async.sandbox.variants import Variants

_MICROSECONDS: Final = 1_000_000


def find_inbox(team: Team, inbox_id: int, field: str) -> Record:
    """Return an inbox of the team.

    Raises:
        Missing: there is none with this id.
    """
    inbox = chats.get_inbox(team, inbox_id)
    if inbox is None:
        raise Missing("inbox_not_found", f"{field}: there is no such inbox.")
    return inbox


def check_member(team: Team, inbox: Record, user: int, field: str, variants: Variants) -> None:
    """Let a user pass who works in the inbox.

    Raises:
        Refusal: 403; the vendor says that the sender has no access then.
    """
    if variants.check_members and user not in chats.members_of(team, inbox):
        raise Refusal(403, "no_sender_available", f"{field}: is not a member of the inbox.")


def check_subscribed(team: Team, numbers: Sequence[str]) -> None:
    """Let a send pass if everyone may get texts.

    Raises:
        Refusal: 400, someone opted out or was blocked.
    """
    if any(is_opted_out(team, number) for number in numbers):
        raise Refusal(400, "unsubscribed_number", "The recipient opted out or was blocked.")


def is_opted_out(team: Team, number: str) -> bool:
    """Say whether a number must not get texts."""
    return number in team.unsubscribed or number in team.blocked


def one_of(payload: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return which of some fields a request has. A field that is empty or 0 is not there.

    Raises:
        Refusal: it has none, or more than one.
    """
    given = [name for name in names if payload.get(name)]
    if len(given) != 1:
        what = f"{' and '.join(given)}: only one of them" if given else f"{', '.join(names)}: one of them"
        raise bad_data(f"{what} must be given.")
    return given[0]


def once(ask: Ask, endpoint: str, local_id: str, act: Callable[[], Any]) -> Any:
    """Perform a send, or answer as the first time if its `local_id` was used before.

    Raises:
        Refusal: it is a repeat and that is an error.
    """
    variants, repeats, key = ask.variants, ask.team.book.repeats, (endpoint, local_id)
    if not local_id or variants.repeat == "none":
        return act()
    known = repeats.get(key)
    if known is None or _is_forgotten(known[1], ask.moment, variants.repeat_life):
        answer = act()
        repeats[key] = answer, ask.moment
        return answer
    if variants.repeat == "refuse":
        raise Refusal(400, "duplicate_local_id", "local_id: was used before.")
    return known[0]


def _is_forgotten(since: Moment, now: Moment, life: float | None) -> bool:
    return life is not None and now - since >= life * _MICROSECONDS
