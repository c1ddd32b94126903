"""What happens in conversations: they begin, get messages, open and close."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final

from heymarket_async.sandbox import event_types
from heymarket_async.sandbox.records import Moment, Record

if TYPE_CHECKING:
    from heymarket_async.sandbox.state import Team

SMS: Final = "sms"
GROUP: Final = "group"
EMAIL: Final = "email"
COMMENT: Final = "comment"


def as_list(value: Any) -> list[Any]:
    """Return a list; an empty one for whatever else a test has put in its place."""
    return [*value] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # mypy finds a cast redundant


def as_record(value: Any) -> Record:
    """Return an object; an empty one for whatever else a test has put in its place."""
    return {**value} if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # mypy finds a cast redundant


def rows(value: Any) -> list[Record]:
    """Return the objects of a list, or of whatever a test has put in its place."""
    return [row for row in as_list(value) if isinstance(row, dict)]


def get_inbox(team: Team, inbox_id: int) -> Record | None:
    """Return an inbox of the team, or None."""
    return next((inbox for inbox in rows(team.inboxes) if inbox.get("id") == inbox_id), None)


def members_of(team: Team, inbox: Record) -> list[int]:
    """Return the ids of those who work in an inbox: the whole team where the inbox does not say."""
    if isinstance(inbox.get("members"), list):
        return [member for member in as_list(inbox["members"]) if type(member) is int]
    return [member["id"] for member in rows(team.members) if type(member.get("id")) is int]


def name_of(team: Team, member_id: int) -> str:
    """Return the name of a member; empty if there is none."""
    return next((str(member.get("name", "")) for member in rows(team.members) if member.get("id") == member_id), "")


def find_thread(team: Team, inbox_id: int, numbers: Collection[str]) -> Record | None:
    """Return the conversation of an inbox with one number, or with exactly these."""
    found = team.book.threads.get((inbox_id, _key(numbers)))
    return team.conversations.get(found) if found is not None else None


def thread(
    team: Team, inbox: Record, numbers: Collection[str], now: Moment, *, user: int = 0, name: str = ""
) -> Record:
    """Return the conversation of an inbox with one number, or with a group, and begin it if there is none."""
    found = find_thread(team, inbox["id"], numbers)
    if found is not None:
        return found
    kind = SMS if len(numbers) == 1 else GROUP
    name = name or ", ".join(filter(None, (_contact_name(team, number) for number in numbers)))
    conversation = begin(team, inbox, numbers, now, kind=kind, user=user, name=name)
    team.book.threads[inbox["id"], _key(numbers)] = conversation["id"]
    return conversation


def begin(
    team: Team, inbox: Record, people: Iterable[str], now: Moment, *, kind: str, user: int = 0, name: str = ""
) -> Record:
    """Make a new conversation, open and without messages."""
    targets = list(people)
    conversation = team.conversations.add(
        now,
        {
            "assigned": 0,
            "channel": EMAIL if kind == EMAIL else SMS,
            "creator": user,
            "email_noti": False,
            "inbox": inbox["id"],
            "last_inbound": 0,
            "local_id": "",
            "members": [{"id": member, "name": name_of(team, member)} for member in members_of(team, inbox)],
            "muted": False,
            "name": name,
            "noreply": "",
            "read": 0,
            "replied": False,
            "snooze_till": "",
            "status": "open",
            "super": 0,
            "support": False,
            "target": targets[0],
            "type": kind,
            "_people": targets,
            "_unread": [],
            "_last_text": "",
        },
    )
    conversation["local_id"] = f"conv-{conversation['id']}"
    team.happened(event_types.OPENED, conversation)
    return conversation


def people_of(conversation: Record) -> list[str]:
    """Return the numbers, or addresses, of those outside the team."""
    people: list[str] = conversation["_people"]
    return people


def recipients(message: Record) -> list[str]:
    """Return the numbers, or addresses, of those whom a message is for, or from."""
    return [*message["targets"]] or [message["target"]]


def write(team: Team, conversation: Record, now: Moment, fields: Record) -> Record:
    """Put a message into a conversation. `fields` are those that differ from the ordinary ones."""
    people = people_of(conversation)
    return team.messages.add(
        now,
        {
            "author": "",
            "broadcast_id": 0,
            "channel": conversation["channel"],
            "custom": {"data": [], "type": ""},
            "flagged": False,
            "hidden": False,
            "link_url": "",
            "local_id": "",
            "media": "",
            "phone": people[0],
            "raw_error": "",
            "status": "sent",
            "super": 0,
            "support": False,
            "target": people[0],
            "target_errors": {},
            "targets": {person: {} for person in people} if len(people) > 1 else {},
            "text": "",
            "type": "outbound",
            "user": 0,
            "_conversation": conversation["id"],
            **fields,
        },
    )


def receive(team: Team, inbox: Record, phone: str, text: str, now: Moment, *, media: str = "") -> Record:
    """Put a text from outside into its conversation, which opens and is unread for all."""
    conversation = thread(team, inbox, [phone], now)
    message = write(team, conversation, now, {"text": text, "media": media, "type": "inbound", "status": "received"})
    changes = {
        "last_inbound": now,
        "replied": False,
        "status": "open",
        "_unread": members_of(team, inbox),
        "_last_text": text,
    }
    team.conversations.change(conversation, now, changes)
    team.happened(event_types.RECEIVED, message)
    return message


def answered(team: Team, conversation: Record, user: int, text: str, now: Moment) -> None:
    """Note in a conversation that a user wrote: it opens, and this user has read it."""
    unread = [member for member in conversation["_unread"] if member != user]
    changes = {"replied": True, "status": "open", "read": now, "_unread": unread, "_last_text": text}
    team.conversations.change(conversation, now, changes)


def move(team: Team, conversation: Record, inbox: Record, now: Moment) -> None:
    """Bring a conversation into another inbox. Whoever does not work there loses it."""
    key = _key(people_of(conversation))
    team.book.threads.pop((conversation["inbox"], key), None)
    team.book.threads[inbox["id"], key] = conversation["id"]
    members = members_of(team, inbox)
    changes = {
        "inbox": inbox["id"],
        "assigned": conversation["assigned"] if conversation["assigned"] in members else 0,
        "members": [{"id": member, "name": name_of(team, member)} for member in members],
        "_unread": [member for member in conversation["_unread"] if member in members],
    }
    team.conversations.change(conversation, now, changes)


def _contact_name(team: Team, number: str) -> str:
    contact = team.contacts.by_phone(number) or {}
    return " ".join(str(contact[part]) for part in ("first", "last") if contact.get(part))


def _key(numbers: Collection[str]) -> str:
    return ",".join(sorted(numbers))
