"""Emails: https://developers.heymarket.com/api-reference/messages/send-email."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from heymarket_async.sandbox import chats, sending
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.checks import check_member, check_subscribed, find_inbox, once, one_of
from heymarket_async.sandbox.nouns.messages import accepted
from heymarket_async.sandbox.refusals import bad_data
from heymarket_async.sandbox.sending import Content, Order

# Enough to tell an address from a name; whether it exists only the mail knows.
_ADDRESS: Final = re.compile(r"[^\s@,<>]+@[^\s@,<>]+\.[^\s@,<>]+")


def send_email(ask: Ask) -> Any:
    """Send an email to new people, or reply in a conversation."""
    body, team = ask.body, ask.team
    family = one_of(body, ("targets", "convo_id"))
    if not body["text"]:
        raise bad_data("text: must not be empty.")
    inbox = find_inbox(team, body["inbox"], "inbox")
    check_member(team, inbox, body["creator_id"], "creator_id", ask.variants)
    order = Order(
        inbox=inbox,
        user=body["creator_id"],
        content=Content(text=body["text"]),
        local_id=body.get("local_id") or "",
        name=body.get("conv_title") or "",
    )
    return once(ask, "email", order.local_id, lambda: _send(ask, order, family))


def _send(ask: Ask, order: Order, family: str) -> Any:
    team, body, now = ask.team, ask.body, ask.moment
    if family == "convo_id":
        conversation = sending.find_conversation(team, order.inbox, body["convo_id"], "convo_id", (chats.EMAIL,))
    else:
        addresses = read_addresses(body)
        check_subscribed(team, addresses)
        conversation = chats.begin(
            team, order.inbox, addresses, now, kind=chats.EMAIL, user=order.user, name=order.name
        )
    message = sending.into(team, order, conversation, now)
    return accepted(message, message["date"].write(ask.variants.precision), {})


def read_addresses(body: Mapping[str, Any]) -> list[str]:
    """Return the addresses of `targets`, each once: first those after `to:`, then those after `cc:`.

    Raises:
        Refusal: an element has neither word in front, something is no address, or nobody is to get it.
    """
    found: dict[str, list[str]] = {"to": [], "cc": []}
    for element in body["targets"]:
        word, _, listed = element.partition(":")
        if word not in found:
            raise bad_data("targets: each element must begin with to: or cc:.")
        found[word] += [address.strip() for address in listed.split(",")]
    if not all(_ADDRESS.fullmatch(address) for address in found["to"] + found["cc"]):
        raise bad_data("targets: to: and cc: must be followed by email addresses with commas between them.")
    if not found["to"]:
        raise bad_data("targets: one element must begin with to:.")
    return list(dict.fromkeys(found["to"] + found["cc"]))


ROUTES: Final = (Route("send_email", "POST", "/v1/email/send", send_email),)
