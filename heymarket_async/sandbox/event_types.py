"""The names of what webhooks tell of: https://developers.heymarket.com/guides/webhooks."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox.records import Record

SENT: Final = "message_sent"
RECEIVED: Final = "message_recieved"
RECEIVED_RIGHTLY: Final = "message_received"
REASSIGNED: Final = "chat_reassigned"
CLOSED: Final = "chat_closed"
OPENED: Final = "chat_opened"
PENDING: Final = "chat_pending"
TRANSFERRED: Final = "chat_transferred"
OPT_OUT: Final = "target_opt_out"
OPT_IN: Final = "target_opt_in"
DOUBLE_OPT_IN: Final = "target_double_opt_in"
DOUBLE_OPT_RESTRICTED: Final = "target_double_opt_restricted"
CALL: Final = "incoming_call"

MESSAGES: Final = (SENT, RECEIVED)
CHATS: Final = (REASSIGNED, CLOSED, OPENED, PENDING, TRANSFERRED)
TARGETS: Final = (OPT_OUT, OPT_IN, DOUBLE_OPT_IN, DOUBLE_OPT_RESTRICTED)
ALL: Final = frozenset((*MESSAGES, *CHATS, *TARGETS, CALL))


def read_types(types: Iterable[str]) -> frozenset[str]:
    """Return the types that somebody names; `message_received` is the same as `message_recieved`.

    Raises:
        ConfigurationError: one of them does not exist, or there is none.
    """
    if isinstance(types, str):
        raise ConfigurationError("Webhook(types=...) must be several names, not one str.")
    named = frozenset(RECEIVED if name == RECEIVED_RIGHTLY else name for name in types)
    unknown = sorted(named - ALL, key=str)
    if unknown:
        near = difflib.get_close_matches(str(unknown[0]), sorted(ALL), n=1)
        raise ConfigurationError(
            f"Webhook(types=...): there is no type {unknown[0]!r}.",
            advice=f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(sorted(ALL))}.",
        )
    if not named:
        raise ConfigurationError("Webhook(types=...) must name at least one type.")
    return named


def chat_types(before: Record, after: Record) -> Iterator[str]:
    """Yield what a change of a conversation is called.

    Args:
        before: the values, as they were, of the keys that were written.
        after: the conversation.
    """
    changed = {key for key, value in before.items() if value != after[key]}
    if "inbox" in changed:
        yield TRANSFERRED
    if "assigned" in changed:
        yield REASSIGNED
    if "status" in changed:
        was, is_now = before["status"], after["status"]
        if is_now == "closed":
            yield CLOSED
        elif was == "closed":
            yield OPENED
        if is_now == "pending":
            yield PENDING
