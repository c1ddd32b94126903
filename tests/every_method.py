"""Every public method of every noun, with an example of each argument, for tests that hold of them all."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
import warnings
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fakes import NOON, FakeRunner, nothing_of
from heymarket_async import Attachment, GalleryEntry, Role, resources
from heymarket_async.calls import Call, Operation
from heymarket_async.clock import VirtualClock
from heymarket_async.resources.base import Resource
from heymarket_async.resources.users import UserUpdate

MODULES = [
    importlib.import_module(f"{resources.__name__}.{each.name}") for each in pkgutil.iter_modules(resources.__path__)
]
OPERATIONS = list(
    {id(value): value for each in MODULES for value in vars(each).values() if type(value) is Operation}.values()
)
RESOURCES = list(
    dict.fromkeys(
        value
        for each in MODULES
        for value in vars(each).values()
        if isinstance(value, type) and issubclass(value, Resource) and value.__module__ == each.__name__
    )
)
LATER = datetime.fromtimestamp(NOON, UTC) + timedelta(hours=1)
A_UUID = "a1b2c3d4-e5f6-4890-abcd-ef1234567890"
PHONE, PHONES = "+1 (510) 555-0101", ["+1 (510) 555-0101", "15105550102"]
CHANNELS = [{"channel_type": "email", "channel_id": "sam@example.com"}]
CONTACT = {"first_name": "Sam", "email": "sam@example.com", "tags": [1, 2], "custom": {12: "blue"}}
MEMBERS = {"+1 510 555 0101": {"first_name": "Sam", "last_name": "Reed"}}
# A value for each argument of each method, by its name; where the same name takes another type, with that type.
VALUES: dict[str, Any] = {
    "activity_id": "activity",
    "add_contact_ids": [1, 2],
    "add_emails": ["sam@example.com"],
    "add_phone_number": PHONE,
    "add_phone_numbers": PHONES,
    "archived": True,
    "ascending": True,
    "assignee_id": 72,
    "attachments": [Attachment(name="a.pdf", type="application/pdf", url="https://files.example.com/a.pdf")],
    "author": "Kim",
    "avatar": "https://files.example.com/a.png",
    "batch_size": 2,
    "before": LATER,
    "cc": ["carol@example.com"],
    "channel_id": "15105550101",
    "channel_ids": ["15105550101", "sam@example.com"],
    "channel_type": "phone",
    "channels": CHANNELS,
    "closed": True,
    "color": "#FFD700",
    "contact_id": 98765,
    "contact_id: str": A_UUID,
    "contact_ids": [98765],
    "contact_ids: Sequence[str]": [A_UUID],
    "contacts: Sequence[ContactRow]": [{"phone_number": PHONE, **CONTACT}, {"phone_number": "15105550102"}],
    "contacts: Sequence[ContactRowV2]": [
        {"contact_id": A_UUID, **CONTACT},
        {"phone_number": PHONE, "channels": CHANNELS},
    ],
    "conversation_id": 9920,
    "creator_id": 7,
    "cursor": None,
    "custom": {"12": "blue"},
    "display_name": "Sam Reed",
    "email": "sam@example.com",
    "email_suppressions": [123],
    "emails": ["sam@example.com"],
    "execute_at": LATER,
    "first_name": "Sam",
    "first_tried": LATER,
    "gallery": [GalleryEntry(url="https://files.example.com/p.png", annotation_text="Sale")],
    "inbox_id": 42,
    "inboxes": [42, 43],
    "is_opted_out": True,
    "last_name": "Reed",
    "limit": 5,
    "list_id": 501,
    "local_id": "local-1",
    "patience": 0.0,
    "since": LATER,
    "media_url": "https://files.example.com/p.png",
    "members": MEMBERS,
    "name": "Welcome",
    "new_phone_number": "+1 510 555 0109",
    "omnichannel": True,
    "on_batch": lambda _: None,
    "overwrite": True,
    "page_size": 5,
    "phone_number": PHONE,
    "phone_numbers": PHONES,
    "private": True,
    "raw_text": "Hello",
    "remove_contact_ids": [3],
    "remove_emails": ["kim@example.com"],
    "remove_phone_number": "15105550103",
    "remove_phone_numbers": ["15105550103"],
    "schedule_id": 7,
    "status": "active",
    "survey_id": 10,
    "tag_id": 55,
    "tags": [1, 2],
    "targets": PHONES,
    "template_id": 101,
    "text": "Hello {{first_name}}",
    "title": "Order 1001",
    "titles": ["Favourite colour"],
    "to": ["alice@example.com", "bob@example.com"],
    "unread": True,
    "date": LATER,
    "updated_after": LATER,
    "user_id": 5,
    "users": [UserUpdate(id=1, first_name="Riley", last_name="Stone", role_id=Role.MEMBER)],
}


def example_value(name: str, annotation: str) -> Any:
    exact = f"{name}: {annotation.replace(' | Unset', '').replace(' | None', '')}"
    assert exact in VALUES or name in VALUES, f"give VALUES an example of {exact}"
    return VALUES.get(exact, VALUES.get(name))


def methods() -> Iterator[tuple[type[Resource], str]]:
    for resource in RESOURCES:
        for name, member in vars(resource).items():
            if not name.startswith("_") and callable(member) and not isinstance(member, property | type):
                yield resource, name


EVERY_METHOD = list(methods())
each_method = pytest.mark.parametrize(
    ("resource", "method"), EVERY_METHOD, ids=[f"{resource.__name__}.{name}" for resource, name in EVERY_METHOD]
)


class Jumping(VirtualClock):
    """A clock on which a pause is over at once."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)


class Pages(FakeRunner):
    """Has one item in every list, so that pagers ask on, and one thing wherever a thing is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Jumping(NOON)

    async def run(self, call: Call[Any]) -> Any:
        self.calls.append(call)
        first = [each.operation.name for each in self.calls].count(call.operation.name) == 1
        if call.operation.paging is None or not first:
            return nothing_of(call.operation)
        (item, _) = typing.get_args(call.operation.reply)
        return (item(id=1, **{call.operation.paging.by: LATER}),)


async def call_with(resource: type[Resource], method: str, arguments: dict[str, Any]) -> list[Call[Any]]:
    """Return the calls that a method makes."""
    runner = Pages()
    arguments = dict(arguments)
    positional = arguments.pop("users", ())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made = getattr(resource(runner), method)(*positional, **arguments)
        await (made.collect() if hasattr(made, "collect") else made)
    return runner.calls


def arguments_of(resource: type[Resource], method: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an example of each argument that a method needs, and of each that it takes."""
    needed: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    function = inspect.unwrap(getattr(resource, method))
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is parameter.VAR_KEYWORD:
            # Not get_type_hints(): the types that only checkers import need not be there.
            values = getattr(
                inspect.getmodule(function), parameter.annotation.removeprefix("Unpack[").removesuffix("]")
            )
            for name in values.__annotations__:
                optional[name] = example_value(name, "")
        else:
            value = example_value(parameter.name, parameter.annotation)
            (needed if parameter.default is parameter.empty else optional)[parameter.name] = value
    return needed, optional


def finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run what never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something")
