"""Sends to one number, to a group, to a list and into a conversation; and comments, which nobody outside gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from heymarket_async.sandbox import chats, event_types, fields
from heymarket_async.sandbox.books import Sent
from heymarket_async.sandbox.checks import check_subscribed, is_opted_out
from heymarket_async.sandbox.records import Moment, Record
from heymarket_async.sandbox.refusals import Missing, Refusal, bad_data
from heymarket_async.sandbox.state import Team

_TOLL_FREE: Final = ("1800", "1833", "1844", "1855", "1866", "1877", "1888")
_NOBODY: Final[Mapping[str, Any]] = {}


@attrs.frozen(kw_only=True, repr=False)
class Content:
    """What a message says.

    Attributes:
        text: the words.
        media: the address of a file.
        gallery_url: the address of the first picture of a template.
        from_template: whether it is a template, whose merge tokens stand for the names of whoever gets it.
    """

    text: str = ""
    media: str = ""
    gallery_url: str = ""
    from_template: bool = False


@attrs.frozen(kw_only=True, repr=False)
class Order:
    """A send that was found to be in order.

    Attributes:
        inbox: where it goes out.
        user: who sends it.
        content: what it says.
        local_id: the client's identifier.
        author: the name shown with a comment.
        name: the name of a conversation that it begins.
    """

    inbox: Record
    user: int
    content: Content
    local_id: str = ""
    author: str = ""
    name: str = ""


def read_content(
    team: Team,
    *,
    text: str | None,
    media: str | None = None,
    template_id: int | None = None,
    survey_id: int | None = None,
    template_key: str = "template_id",
) -> Content:
    """Return what a message is to say. A template, or else a survey, stands in place of the text.

    `template_key` is what the request calls the template, for the refusal.

    Raises:
        Refusal: there is nothing to say, no such template or survey, or the media address is none.
    """
    words, media = text or "", media or ""
    if media and not media.startswith(("http://", "https://")):
        raise bad_data("media_url: must be an http or https address.")
    gallery_url = ""
    if template_id:
        content: Record = team.templates.find(template_id, template_key).get("content") or {}
        gallery: list[Record] = content.get("gallery") or []
        words = str(content.get("text") or "")
        gallery_url = next((str(entry["url"]) for entry in gallery if entry.get("url")), "")
    elif survey_id:
        words = str(team.surveys.find(survey_id, "survey_id").get("question") or "")
    if not (words or media or gallery_url):
        raise bad_data("text, media_url, template_id, survey_id: one of them must be given.")
    return Content(text=words, media=media or gallery_url, gallery_url=gallery_url, from_template=bool(template_id))


def find_conversation(team: Team, inbox: Record, conversation_id: int, field: str, kinds: Sequence[str]) -> Record:
    """Return a conversation of an inbox.

    Raises:
        Missing: the inbox has none with this id.
        Refusal: it is of another kind than `kinds`.
    """
    conversation = team.conversations.find(conversation_id, field)
    if conversation["inbox"] != inbox["id"]:
        raise Missing("not_found", f"{field}: there is no such conversation in this inbox.")
    if conversation["type"] not in kinds:
        raise bad_data(f"{field}: this conversation is of another channel.")
    return conversation


def to_numbers(team: Team, order: Order, numbers: Sequence[str], now: Moment) -> Record:
    """Send to one number, or one message to a group.

    Returns:
        The message.

    Raises:
        Refusal: someone opted out, or the inbox cannot write to groups.
    """
    check_subscribed(team, numbers)
    if len(numbers) > 1 and str(order.inbox.get("phone") or "").lstrip("+").startswith(_TOLL_FREE):
        raise bad_data("targets: a toll-free inbox cannot write to groups.")
    conversation = chats.thread(team, order.inbox, numbers, now, user=order.user, name=order.name)
    return into(team, order, conversation, now)


def into(team: Team, order: Order, conversation: Record, now: Moment, broadcast_id: int = 0) -> Record:
    """Send into a conversation, which opens.

    Returns:
        The message.

    Raises:
        Refusal: someone in it opted out.
    """
    people = chats.people_of(conversation)
    check_subscribed(team, people)
    content = order.content
    if content.from_template and len(people) == 1:
        content = _personal(content, _names_of(team, people[0]))
    message = chats.write(
        team,
        conversation,
        now,
        {
            "author": order.author,
            "broadcast_id": broadcast_id,
            "link_url": content.gallery_url,
            "local_id": order.local_id,
            "media": content.media,
            "text": content.text,
            "user": order.user,
        },
    )
    chats.answered(team, conversation, order.user, content.text, now)
    team.book.sent += [
        Sent(
            to=person,
            text=content.text,
            media=content.media,
            local_id=order.local_id,
            message_id=message["id"],
            conversation_id=conversation["id"],
            inbox_id=order.inbox["id"],
            at=now / 1_000_000,
        )
        for person in people
    ]
    team.happened(event_types.SENT, message)
    return message


def to_list(team: Team, order: Order, list_id: int, now: Moment) -> tuple[Record, dict[str, str]]:
    """Send one message to each number of a list, each in its own conversation. Whoever opted out is left out.

    Returns:
        The first message, and those who were left out with the reason.

    Raises:
        Refusal: there is no such list, or nobody is left.
    """
    targets: Mapping[str, Any] = team.lists.find(list_id, "list_id").get("targets") or _NOBODY
    if not targets:
        raise bad_data("list_id: the list is empty.")
    left_out = {number: "unsubscribed_number" for number in targets if is_opted_out(team, number)}
    if len(left_out) == len(targets):
        raise Refusal(400, "unsubscribed_number", "list_id: everyone on the list opted out or was blocked.")
    team.book.broadcasts += 1
    broadcast_id = team.id % 100_000 * 10_000 + team.book.broadcasts
    first: Record | None = None
    for number, person in targets.items():
        if number not in left_out:
            personal = attrs.evolve(order, content=_personal(order.content, person))
            conversation = chats.thread(team, order.inbox, [number], now, user=order.user, name=_name(person))
            message = into(team, personal, conversation, now, broadcast_id)
            first = first or message
    assert first is not None
    return first, left_out


def comment(team: Team, order: Order, conversation: Record, now: Moment) -> Record:
    """Put a private comment into a conversation: a message of the type `comment` that nobody outside gets."""
    message = chats.write(
        team,
        conversation,
        now,
        {
            "author": order.author or chats.name_of(team, order.user),
            "local_id": order.local_id,
            "media": order.content.media,
            "text": order.content.text,
            "type": chats.COMMENT,
            "user": order.user,
        },
    )
    team.conversations.change(conversation, now)
    return message


def numbers_of(payload: Mapping[str, Any], family: str) -> list[str]:
    """Return the numbers of the family `phone_number` or `targets`.

    Raises:
        Refusal: one is not in the service's form.
    """
    if family == "phone_number":
        return [fields.check_phone(payload["phone_number"], "phone_number")]
    return fields.phones(payload, "targets")


def _names_of(team: Team, number: str) -> Record:
    contact = team.contacts.by_phone(number) or {}
    return {"f": contact.get("first"), "l": contact.get("last")}


def _personal(content: Content, person: Any) -> Content:
    text = content.text.replace("{{first_name}}", _part(person, "f")).replace("{{last_name}}", _part(person, "l"))
    return attrs.evolve(content, text=text)


def _name(person: Any) -> str:
    return f"{_part(person, 'f')} {_part(person, 'l')}".strip()


def _part(person: Any, key: str) -> str:
    value = chats.as_record(person).get(key)
    return value if isinstance(value, str) else ""
