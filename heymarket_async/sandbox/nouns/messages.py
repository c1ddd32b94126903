"""Texts: sending them, and reading what was sent and received."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from heymarket_async.sandbox import chats, fields, listing, sending
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.checks import check_member, find_inbox, once, one_of
from heymarket_async.sandbox.nouns.conversations import show_conversation
from heymarket_async.sandbox.records import Moment, Record, empty, show
from heymarket_async.sandbox.refusals import Missing, bad_data
from heymarket_async.sandbox.sending import Order
from heymarket_async.sandbox.state import Team
from heymarket_async.sandbox.variants import Count, Variants

_FAMILIES: Final = ("phone_number", "chat_id", "list_id", "targets")
_SINGLE: Final = ("phone_number", "chat_id")
_TEXTS: Final = (chats.SMS, chats.GROUP)
_HISTORY: Final = 50
_ORDERS: Final = {"created_at": "date", "updated_at": "updated"}
_MICROSECONDS: Final = 1_000_000


def send_message(ask: Ask) -> Any:
    """Send a text: https://developers.heymarket.com/api-reference/messages/send."""
    body, team = ask.body, ask.team
    family = one_of(body, _FAMILIES)
    private, local_id = bool(body.get("private")), body.get("local_id") or ""
    if private and family not in _SINGLE:
        raise bad_data("private: goes with phone_number or chat_id only.")
    if family == "list_id" and not local_id:
        raise bad_data("local_id: is required with list_id.")
    inbox = find_inbox(team, body["inbox_id"], "inbox_id")
    user = _sender(team, inbox, body)
    check_member(team, inbox, user, "creator_id", ask.variants)
    content = sending.read_content(
        team,
        text=body.get("text"),
        media=body.get("media_url"),
        template_id=body.get("template_id"),
        survey_id=body.get("survey_id"),
    )
    order = Order(
        inbox=inbox,
        user=user,
        content=content,
        local_id=local_id,
        author=body.get("author") or "",
        name=body.get("conv_name") or "",
    )
    return once(ask, "message", local_id, lambda: _send(ask, order, family, private))


def _sender(team: Team, inbox: Record, body: Mapping[str, Any]) -> int:
    """Return who sends: as integrators have it, also by `creator_email`, or else the first member of the inbox."""
    if "creator_id" in body:
        return int(body["creator_id"])
    email = body.get("creator_email")
    named = [member["id"] for member in chats.rows(team.members) if email and member.get("email") == email]
    return next(iter(named if email else chats.members_of(team, inbox)), 0)


def _send(ask: Ask, order: Order, family: str, private: bool) -> Any:
    body, team, now = ask.body, ask.team, ask.moment
    left_out: dict[str, str] = {}
    if private:
        message = sending.comment(team, order, _existing(ask, order, family), now)
    elif family == "chat_id":
        conversation = sending.find_conversation(team, order.inbox, body["chat_id"], "chat_id", _TEXTS)
        message = sending.into(team, order, conversation, now)
    elif family == "list_id":
        message, left_out = sending.to_list(team, order, body["list_id"], now)
    else:
        message = sending.to_numbers(team, order, sending.numbers_of(body, family), now)
    return _answer(message, order.content.gallery_url, left_out, ask.variants)


def _existing(ask: Ask, order: Order, family: str) -> Record:
    body, team = ask.body, ask.team
    if family == "chat_id":
        return sending.find_conversation(team, order.inbox, body["chat_id"], "chat_id", _TEXTS)
    conversation = chats.find_thread(team, order.inbox["id"], sending.numbers_of(body, family))
    if conversation is None:
        raise Missing("not_found", "phone_number: a comment needs a conversation that exists.")
    return conversation


def _answer(message: Record, gallery_url: str, left_out: dict[str, str], variants: Variants) -> Record:
    date = message["date"].write(variants.precision)
    if variants.send_answer == "documented":
        return {"id": message["id"], "date": date, **({"gallery_url": gallery_url} if gallery_url else {})}
    return accepted(message, date, left_out)


def accepted(message: Record, date: str, compliance_results: dict[str, str]) -> Record:
    """Return the answer to a send as it was observed, which is the documented one of an email."""
    return {
        "id": message["id"],
        "convo_id": message["_conversation"],
        "queued": True,
        "date": date,
        "compliance_results": compliance_results,
    }


def get_message_history(ask: Ask) -> Any:
    """Give the latest messages with one number: https://developers.heymarket.com/api-reference/messages/get-history."""
    team, query = ask.team, ask.query
    phone = fields.check_phone(query["phoneNumber"], "phoneNumber")
    inbox = find_inbox(team, fields.require(fields.number(query, "inboxID"), "inboxID"), "inboxID")
    seconds = fields.number(query, "timestamp")
    conversation = chats.find_thread(team, inbox["id"], [phone])
    if conversation is None:
        return empty(ask.variants)
    page = listing.by_time(
        [message for message in team.messages.values() if message["_conversation"] == conversation["id"]],
        bound=Moment(seconds * _MICROSECONDS) if seconds else None,
        limit=_HISTORY,
        variants=ask.variants,
        key="date",
    )
    return _show_all(team, page, ask.variants)


def list_messages(ask: Ask) -> Any:
    """Give a page of all messages: https://developers.heymarket.com/api-reference/messages/list-all."""
    team, body, variants = ask.team, ask.body, ask.variants
    if variants.created_at_required:
        fields.require(fields.moment(body, "created_at"), "created_at")
    key = _ORDERS.get(body.get("order") or "created_at")
    if key is None:
        raise bad_data(f"order: must be one of: {', '.join(_ORDERS)}.")
    page = listing.by_time(
        team.messages.values(),
        bound=fields.moment(body, "created_at"),
        limit=listing.read_limit(body, listing.ORDINARY, variants),
        variants=variants,
        key=key,
        ascending=bool(body.get("ascending")),
        reading=variants.message_cursor,
    )
    return _show_all(team, page, variants)


def count_messages(ask: Ask) -> Any:
    """Count the messages: https://developers.heymarket.com/api-reference/messages/count."""
    records = ask.team.messages.values()
    return write_count(listing.count(records, ask.body, ask.variants, key="date"), ask.variants.message_count)


def write_count(count: int, form: Count) -> int | str:
    """Return a count as a number, or as the text of one."""
    return str(count) if form == "text" else count


def show_message(team: Team, message: Record, variants: Variants) -> Record:
    """Return a message as it goes out, with its conversation inside."""
    shown = show({**message, "type": _type(message, variants)}, variants)
    conversation = team.conversations.get(message["_conversation"])
    if conversation is not None:
        shown["conversation"] = show_conversation(team, conversation, variants, place="message")
    return shown


def _show_all(team: Team, page: list[Record], variants: Variants) -> Any:
    return [show_message(team, message, variants) for message in page] or empty(variants)


def _type(message: Record, variants: Variants) -> Any:
    if variants.direction_in_type or message["type"] == chats.COMMENT:
        return message["type"]
    return "mms" if message["media"] and message["channel"] == chats.SMS else message["channel"]


ROUTES: Final = (
    Route("send_message", "POST", "/v1/message/send", send_message),
    Route("get_message_history", "GET", "/v1/messages", get_message_history),
    Route("list_messages", "POST", "/v1/messages/all", list_messages),
    Route("count_messages", "POST", "/v1/messages/all/count", count_messages),
)
