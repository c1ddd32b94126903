"""Conversations: https://developers.heymarket.com/concepts/conversations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from heymarket_async.sandbox import chats, fields, listing, sending
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.checks import check_member, find_inbox
from heymarket_async.sandbox.records import Record, empty, show
from heymarket_async.sandbox.refusals import Missing, bad_data
from heymarket_async.sandbox.state import Team
from heymarket_async.sandbox.variants import Variants

Place = Literal["list", "get", "message", "webhook"]

_OK: Final = "ok"
_ANY_KIND: Final = (chats.SMS, chats.GROUP, chats.EMAIL)


def list_conversations(ask: Ask) -> Any:
    """Give a page of conversations: https://developers.heymarket.com/api-reference/conversations/list."""
    team, body, variants = ask.team, ask.body, ask.variants
    user = body.get("id") or 0
    filters: Mapping[str, Any] = body.get("filters") or {}
    inboxes = _inboxes_of(team, body)
    if variants.reader_required and not user:
        raise bad_data("id: must be the id of a user.")
    for inbox in inboxes.values():
        _check_reader(team, inbox, user, variants)
    wanted = [
        conversation
        for conversation in team.conversations.values()
        if conversation["inbox"] in inboxes and _is_wanted(conversation, filters, user, variants)
    ]
    page = listing.before(wanted, body, variants)
    return [show_conversation(team, one, variants, place="list", user=user) for one in page] or empty(variants)


def _inboxes_of(team: Team, body: Mapping[str, Any]) -> dict[int, Record]:
    """Return the inboxes that a list asks for; all of them for the generated body, which has no `filters`."""
    if "filters" not in body:
        return {inbox["id"]: inbox for inbox in chats.rows(team.inboxes) if type(inbox.get("id")) is int}
    wanted: list[int] = fields.require(body["filters"].get("inboxes"), "filters.inboxes")
    return {inbox_id: find_inbox(team, inbox_id, "filters.inboxes") for inbox_id in wanted}


def _check_reader(team: Team, inbox: Record, user: int, variants: Variants) -> None:
    """Let a user read; 0 stands for nobody in particular, as the newer guide has it."""
    if user:
        check_member(team, inbox, user, "id", variants)


def _is_wanted(conversation: Record, filters: Mapping[str, Any], user: int, variants: Variants) -> bool:
    closed, unread = filters.get("closed"), filters.get("unread")
    if closed is None and variants.closed_left_out == "open":
        closed = False
    if closed is not None and closed != (conversation["status"] == "closed"):
        return False
    if unread is None or (not unread and variants.unread_false == "all"):
        return True
    return bool(unread) == is_unread(conversation, user)


def is_unread(conversation: Record, user: int = 0) -> bool:
    """Say whether a conversation is unread for a user, or, for 0, for anyone."""
    return user in conversation["_unread"] if user else bool(conversation["_unread"])


def count_conversations(ask: Ask) -> Any:
    """Count the conversations, open and closed ones."""
    count = listing.count(ask.team.conversations.values(), ask.body, ask.variants)
    return str(count) if ask.variants.conversation_count == "text" else count


def get_conversation(ask: Ask) -> Any:
    """Give one conversation: https://developers.heymarket.com/api-reference/conversations/get."""
    conversation = ask.team.conversations.find(ask.id)
    return show_conversation(ask.team, conversation, ask.variants, place="get")


def open_conversation(ask: Ask) -> Any:
    """Open a conversation: https://developers.heymarket.com/api-reference/conversations/open-close."""
    return _set(ask, {"status": "open"})


def close_conversation(ask: Ask) -> Any:
    """Close a conversation: https://developers.heymarket.com/api-reference/conversations/close."""
    return _set(ask, {"status": "closed"})


def mark_conversation_read(ask: Ask) -> Any:
    """Mark as read for a user: https://developers.heymarket.com/api-reference/conversations/mark-read."""
    conversation = _find(ask)
    unread = [member for member in conversation["_unread"] if member != ask.body["user_id"]]
    return _change(ask, conversation, {"_unread": unread, "read": ask.moment})


def mark_conversation_unread(ask: Ask) -> Any:
    """Mark as unread for a user."""
    conversation = _find(ask)
    unread = list(dict.fromkeys([*conversation["_unread"], ask.body["user_id"]]))
    return _change(ask, conversation, {"_unread": unread})


def reassign_conversation(ask: Ask) -> Any:
    """Give a conversation to another user: https://developers.heymarket.com/api-reference/conversations/reassign."""
    conversation = _find(ask)
    user = ask.body["reassign_id"]
    if user not in chats.members_of(ask.team, find_inbox(ask.team, conversation["inbox"], "inbox_id")):
        raise bad_data("reassign_id: is not a member of the inbox.")
    return _change(ask, conversation, {"assigned": user})


def transfer_conversation(ask: Ask) -> Any:
    """Bring it into another inbox: https://developers.heymarket.com/api-reference/conversations/transfer."""
    team, body = ask.team, ask.body
    conversation = team.conversations.find(body["conversation_id"], "conversation_id")
    inbox = find_inbox(team, body["transfer_inbox_id"], "transfer_inbox_id")
    if conversation["type"] != chats.SMS:
        raise bad_data("conversation_id: only SMS conversations can be transferred.")
    if chats.find_thread(team, inbox["id"], chats.people_of(conversation)) is not None:
        raise bad_data("transfer_inbox_id: this inbox already has the conversation.")
    chats.move(team, conversation, inbox, ask.moment)
    return _OK


def _set(ask: Ask, changes: Record) -> str:
    return _change(ask, _find(ask), changes)


def _change(ask: Ask, conversation: Record, changes: Record) -> str:
    ask.team.conversations.change(conversation, ask.moment, changes)
    return _OK


def _find(ask: Ask) -> Record:
    """Return the conversation that the body of a write names: by `chat_id` before `target` before `targets`."""
    team, body = ask.team, ask.body
    inbox = find_inbox(team, body["inbox_id"], "inbox_id")
    check_member(team, inbox, body["user_id"], "user_id", ask.variants)
    chat_id = body.get("chat_id")
    if chat_id:
        return sending.find_conversation(team, inbox, chat_id, "chat_id", _ANY_KIND)
    one, group = fields.phone(body, "target"), fields.phones(body, "targets")
    if one:
        return _thread(team, inbox, [one], "target")
    if group:
        return _thread(team, inbox, group, "targets")
    raise bad_data("chat_id, target, targets: one of them must be given.")


def _thread(team: Team, inbox: Record, numbers: Sequence[str], field: str) -> Record:
    conversation = chats.find_thread(team, inbox["id"], numbers)
    if conversation is None:
        raise Missing("not_found", f"{field}: there is no conversation with this number in this inbox.")
    return conversation


def show_conversation(team: Team, conversation: Record, variants: Variants, *, place: Place, user: int = 0) -> Record:
    """Return a conversation as it goes out.

    Args:
        team: whose it is.
        conversation: it.
        variants: say how.
        place: each place has keys that were observed there only.
        user: for whom it is `unread` or not; 0 for anyone.
    """
    full = {
        **conversation,
        "blocked": conversation["target"] in team.blocked,
        "last_inbound": _integer(conversation["last_inbound"], variants),
        "read": _integer(conversation["read"], variants),
        "unread": is_unread(conversation, user),
    }
    people = chats.people_of(conversation)
    if place == "list":
        full["last_msg"] = conversation["_last_text"]
    elif place == "get":
        full["unread_users"] = conversation["_unread"]
    elif place == "message":
        full["targets"] = {person: {} for person in people} if len(people) > 1 else {}
        if variants.nested_members == "object":
            full["members"] = {str(member["id"]): member for member in conversation["members"]}
    return show(full, variants)


def _integer(moment: int, variants: Variants) -> int:
    """Return the integer form of a moment, or of 0 for never."""
    return int(moment) // (1_000_000 if variants.conversation_seconds else 1_000)


ROUTES: Final = (
    Route("list_conversations", "POST", "/v1/conversations", list_conversations),
    Route("count_conversations", "POST", "/v1/conversations/count", count_conversations),
    Route("get_conversation", "GET", "/v1/conversations/{id}", get_conversation),
    Route("open_conversation", "POST", "/v1/conversations/open", open_conversation),
    Route("close_conversation", "POST", "/v1/conversations/close", close_conversation),
    Route("mark_conversation_read", "POST", "/v1/conversations/read", mark_conversation_read),
    Route("mark_conversation_unread", "POST", "/v1/conversations/unread", mark_conversation_unread),
    Route("reassign_conversation", "POST", "/v1/conversations/reassign", reassign_conversation),
    Route("transfer_conversation", "POST", "/v1/conversations/transfer", transfer_conversation),
)
