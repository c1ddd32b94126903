"""Whatever is passed for any argument of any method is refused by the name of the argument, before any request."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from arguments_support import called
from every_method import EVERY_METHOD, LATER, arguments_of, call_with, each_method, finish
from fakes import FakeRunner
from heymarket_async import Attachment, GalleryEntry
from heymarket_async.errors import ArgumentError
from heymarket_async.resources.base import Resource
from heymarket_async.resources.contact_writes import ChannelValues, ContactValues
from heymarket_async.resources.users import UserUpdate
from heymarket_async.values import UNSET

# One value of every type, and those of the right type that lie beyond all bounds.
VALUES: list[Any] = [
    None,
    UNSET,
    ...,
    True,
    False,
    -1,
    2**63,
    10**5000,
    1.0,
    math.nan,
    math.inf,
    1j,
    Decimal(1),
    "1",
    "true",
    "2026-11-01T13:00:00Z",
    b"text",
    bytearray(b"text"),
    [],
    (),
    {},
    set(),
    {1},
    {"+15105550101"},
    range(3),
    iter([1]),
    object(),
    object,
    LATER,
    LATER.date(),
    timedelta(days=1),
]
TEXTS = ["", " \n\t", "\u200b", "\ud83d", "a\0b", "x" * 10_000_001]
NAIVE = datetime(2026, 11, 1, 13)  # noqa: DTZ001 - that is the point
TIMES = [NAIVE, datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), datetime.max.replace(tzinfo=timezone.min)]
MAPPINGS = [{None: "x"}, {"\ud83d": "x"}, {"": "x"}, {"a": b"x"}, {"a": math.nan}, {"a": None}]
PHONE, MAIL = "+15105550101", "sam@example.com"
MAY_BE_EMPTY = ("channel_handle", "info_channel")
CHANNEL: dict[str, Any] = {"channel_type": "phone", "channel_id": PHONE}
A_UUID = "a1b2c3d4-e5f6-4890-abcd-ef1234567890"


def fits(annotation: str, value: Any) -> bool:
    """Say whether a value is of the type that an annotation such as `Sequence[int] | None` names."""
    if value is None or value is UNSET:
        return ("None" if value is None else "Unset") in annotation
    kinds = {
        "int": type(value) is int and 0 < value < 2**63,
        "float": type(value) in (int, float) and 0 <= value <= 1e9,
        "bool": type(value) is bool,
        "str": isinstance(value, str),
        "datetime": value is LATER,
        # An empty one may have a meaning: nobody, or nothing any more.
        "Sequence": isinstance(value, list | tuple),
        "Mapping": isinstance(value, dict),
        "CustomValues": isinstance(value, dict),
        "OnBatch": callable(value),
    }
    return any(fitting for kind, fitting in kinds.items() if annotation.startswith(kind))


def wrong_by_type(annotation: str) -> Iterator[Any]:
    """Yield what an annotation such as `Sequence[int] | None` does not allow, and texts and times that are none."""
    yield from (value for value in VALUES if not fits(annotation, value))
    if annotation.startswith(("str", "Literal", "NewStatus")):
        yield from TEXTS
    if annotation.startswith("datetime"):
        yield from TIMES
    if annotation.startswith(("Mapping", "CustomValues")):
        yield from MAPPINGS
    if annotation.startswith("Sequence"):
        inner = annotation.removeprefix("Sequence[").partition("]")[0]
        yield from ([value] for value in VALUES if not fits(inner, value))
        yield from ([text] for text in TEXTS)


def annotations(kinds: Any) -> dict[str, str]:
    """Return the annotations of a class as they are written."""
    written = {name: getattr(kind, "__forward_arg__", kind) for name, kind in kinds.__annotations__.items()}
    return {name: kind.removeprefix("Required[") for name, kind in written.items()}


def each_field(right: dict[str, Any], kinds: Any, make: Any = dict) -> list[Any]:
    """Return lists of one thing each of which has one wrong value."""
    return [
        [make(**right | {name: value})]
        for name, annotation in annotations(kinds).items()
        if name != "extra"
        for value in wrong_by_type(annotation)
        if not (value is None or value is UNSET or (name in MAY_BE_EMPTY and value == ""))
    ]


# What is wrong for what an argument means, though it is of the right type.
BY_NAME: dict[str, list[Any]] = {
    "phone_number": ["hello", "5105550101", "+1 510 555 0101 x5"],
    "targets": [["hello"], [PHONE, "5105550101"], PHONE],
    "phone_numbers": [["hello"], [PHONE, None], PHONE],
    "emails": [["hello"], [f"to:{MAIL}"], MAIL],
    "to": [["hello"], [f"to:{MAIL}"], [f"{MAIL},{MAIL}"], MAIL, []],
    "cc": [["hello"], [f"cc:{MAIL}"], MAIL],
    "email": ["hello", f"{MAIL}, {MAIL}"],
    "media_url": ["ftp://example.com/a", "example.com"],
    "avatar": ["ftp://example.com/a", "example.com"],
    "color": ["red", "#12345"],
    "execute_at": [LATER + timedelta(minutes=1), LATER - timedelta(days=1), LATER - timedelta(minutes=50)],
    "tags": [[1, 2, 3, 4, 5, 6], [0]],
    "inboxes": [[], [0], [1, -1]],
    "status": ["gone", "ACTIVE"],
    "page_size": [0, 1001],
    "limit": [0],
    "batch_size": [0, 1001],
    "cursor": ["{}", "[" * 100_000],
    "on_batch": [called],
    "titles": [[], "Favourite colour"],
    "custom": [{0: "x"}, {12: "x", "12": "y"}, {12: 5}],
    "members": [{}, {5: {}}, {"hello": {}}, {PHONE: None}, {PHONE: {"first_name": 5}}, {PHONE: {"f": "Sam"}}],
    "channels": [
        [{}],
        [{"channel_type": "phone"}],
        [CHANNEL | {"channel_id": "5105550101"}],
        [CHANNEL | {"colour": "blue"}],
        *each_field(CHANNEL, ChannelValues),
    ],
    "contacts: Sequence[ContactRow]": [
        [],
        [{}],
        [{"phone_number": PHONE, "colour": "blue"}],
        *each_field({"phone_number": PHONE}, ContactValues),
    ],
    "contacts: Sequence[ContactRowV2]": [[], [{}], [{"contact_id": "5"}], [{"channels": []}]],
    "contact_ids: Sequence[str]": [[], ["5"], [A_UUID, "x"], A_UUID],
    "contact_id: str": ["5"],
    "gallery": [[{"url": "https://example.com"}], [GalleryEntry()], [GalleryEntry(url="x")]],
    "attachments": [[{"url": "https://example.com"}], [Attachment()], [Attachment(url="x")]],
    "users": [
        [],
        [UserUpdate(id=1)],
        [UserUpdate(id=1, first_name="A"), UserUpdate(id=1, first_name="B")],
        *each_field({"id": 1, "first_name": "Sam"}, UserUpdate, UserUpdate),
    ],
}


def wrong_values(name: str, annotation: str) -> list[Any]:
    """Return what makes no sense for an argument."""
    exact = f"{name}: {annotation.partition(' |')[0]}"
    return [*wrong_by_type(annotation), *BY_NAME.get(name, ()), *BY_NAME.get(exact, ())]


def annotations_of(resource: type[Resource], method: str) -> dict[str, str]:
    function = inspect.unwrap(getattr(resource, method))
    out: dict[str, str] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is parameter.VAR_KEYWORD:
            out |= annotations(ContactValues)
        else:
            out[parameter.name] = parameter.annotation
    return out


def a_call_with(resource: type[Resource], method: str, argument: str) -> dict[str, Any]:
    """Return the fewest arguments that a method takes, among them this one."""
    needed, optional = arguments_of(resource, method)
    for size in range(5):
        for names in itertools.combinations(optional, size):
            arguments = needed | {name: optional[name] for name in names}
            if argument in arguments:
                try:
                    finish(call_with(resource, method, arguments))
                except ArgumentError:
                    continue
                return arguments
    raise AssertionError(argument)


async def outcome(resource: type[Resource], method: str, arguments: dict[str, Any]) -> SimpleNamespace:
    """Call a method, and say what it raised and whether it made a request."""
    runner = FakeRunner()
    arguments = dict(arguments)
    users = arguments.pop("users", [])
    positional = users if isinstance(users, list) else [users]
    error = None
    try:
        await called(lambda: getattr(resource(runner), method)(*positional, **arguments))
    except Exception as caught:  # noqa: BLE001 - whatever it is, it is looked at
        error = caught
    return SimpleNamespace(error=error, calls=runner.calls)


def named(error: Exception | None) -> str | None:
    """Return the argument that an error names in its text too."""
    if not isinstance(error, ArgumentError) or error.argument not in str(error):
        return None
    return error.argument.partition("[")[0].partition(".")[0]


@each_method
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_a_value_that_makes_no_sense_is_refused_by_the_name_of_its_argument(resource, method):
    accepted = []
    for argument, annotation in annotations_of(resource, method).items():
        arguments = a_call_with(resource, method, argument)
        for place, value in enumerate(wrong_values(argument, annotation)):
            if value is None and argument in ("custom", "is_opted_out") and method in ("create", "upsert"):
                continue  # Nothing is known of it, like nothing of the other values.
            came = await outcome(resource, method, arguments | {argument: value})
            if named(came.error) != argument or came.calls:
                # Not the value itself: Python refuses to write some of them.
                accepted.append((argument, place, type(value), came.error))
    assert accepted == []


EXCLUDE_EACH_OTHER = [
    ("phone_number", "conversation_id", "list_id", "targets"),
    ("phone_number", "contact_id"),
    ("to", "conversation_id"),
    ("text", "template_id", "survey_id"),
]


@each_method
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_of_arguments_that_exclude_each_other_two_are_refused_and_so_is_none(resource, method):
    needed, optional = arguments_of(resource, method)
    values = needed | optional
    for group in EXCLUDE_EACH_OTHER:
        there = [name for name in group if name in optional]
        # A schedule keeps the template that its text was made from, and a new text needs no template.
        if len(there) < 2 or ("survey_id" in group[2:] and "survey_id" not in there):
            continue
        arguments = a_call_with(resource, method, there[0])
        for one, other in itertools.permutations(there, 2):
            both = {name: value for name, value in arguments.items() if name not in there}
            came = await outcome(resource, method, both | {one: values[one], other: values[other]})
            assert named(came.error) in (one, other)
            assert came.calls == []
        came = await outcome(resource, method, {name: arguments[name] for name in arguments if name not in there})
        assert isinstance(came.error, ArgumentError)
        assert came.error.argument
        assert came.calls == []


def test_there_is_much_that_makes_no_sense_for_every_argument():
    counts = [len(wrong_values(*each)) for method in EVERY_METHOD for each in annotations_of(*method).items()]
    assert len(counts) > 200
    assert min(counts) > 20
