"""Arguments that no method takes, by what they are for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from heymarket_async.errors import ArgumentError

IDS = [0, -1, 2**63, True, 1.0, "1", None, [1]]
OPTIONAL_IDS = [value for value in IDS if value is not None]
TEXTS = ["", " \n\t", "\ud83d", 5, b"text", ["text"], None]
OPTIONAL_TEXTS = [value for value in TEXTS if value is not None]
FLAGS = [1, 0, "true", None, []]
OPTIONAL_FLAGS = [value for value in FLAGS if value is not None]
PHONES = ["", "0101", "510-555-0101", "+1 510 555", "hello", "+1 (0) 510 555 0101", 15105550101, b"15105550101"]
MANY_PHONES = ["+15105550101", [], {"+15105550101"}, {}, 15105550101]
TIMES = [
    datetime(2026, 11, 1, 13),  # noqa: DTZ001
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
    datetime(2026, 11, 1, tzinfo=UTC).date(),
    "2026-11-01T13:00:00Z",
    1_793_534_400,
]
URLS = ["", "ftp://example.com/a", "example.com/a", "https://", "https:///a", "https://example.com/a b", 5]


async def refused(runner, argument, call) -> ArgumentError:
    """Make a call that is refused because of `argument`, before any request."""
    with pytest.raises(ArgumentError) as caught:
        await called(call)
    assert caught.value.argument is not None
    assert caught.value.argument.partition("[")[0].partition(".")[0] == argument, caught.value
    assert argument in str(caught.value)
    assert runner.calls == []
    return caught.value


async def called(call):
    """Call a method, and where it gives a pager, fetch its first page."""
    made = call()
    return await (made.page() if hasattr(made, "page") else made)


def table(**wrong):
    """Return (argument, value) for each value of each argument, with readable test names."""
    return pytest.mark.parametrize(
        ("argument", "value"),
        [pytest.param(name, value, id=f"{name}={value!r}") for name, values in wrong.items() for value in values],
    )
