"""The hot paths stay short: how many functions they call, in Python and in C.

A count tells no time, but whatever makes a path longer calls something, and unlike a time the count is the same on a
busy machine: so a bound can be close. It takes no other program, as counting instructions would, and it saw in trials
what they saw: a call took 1.54 times the instructions of bare aiohttp, and 1.58 times its calls. What things cost in
time, and against whom, `nox --session bench` measures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import attrs
import pytest

from benchmarks.records import reply
from benchmarks.server import canned
from heymarket_async import ApiSecret, AsyncSession
from heymarket_async.convert import Reader
from heymarket_async.models.contacts import Contact
from heymarket_async.models.conversations import Conversation
from heymarket_async.models.inboxes import Inbox
from heymarket_async.models.messages import Message

RECORDS = 100
MOST_ADDED = 165


@attrs.define
class Counted:
    calls: int = 0


@contextmanager
def counting() -> Iterator[Counted]:
    """Count the calls of functions that this thread makes until the block ends."""
    counted, before = Counted(), sys.getprofile()

    def count(_frame, event, _argument):
        if event in ("call", "c_call"):
            counted.calls += 1

    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(before)


async def fewest_calls(act):
    """Return the least that it takes once it is warm: now and then the loop turns once more than it must."""
    counts = []
    for _ in range(8):
        with counting() as counted:
            await act()
        counts.append(counted.calls)
    return min(counts)


def calls_to_read(noun, model, kind):
    """Return the calls for one record of a reply, whose reader is warm."""
    body, reader = reply(noun, RECORDS, kind), Reader()
    reader.read(body, tuple[model, ...])
    with counting() as counted:
        records = reader.read(body, tuple[model, ...])
    assert len(records) == RECORDS
    return counted.calls / RECORDS


@pytest.fixture(scope="module")
def url():
    """The address of a server, in another process, that answers with one inbox."""
    with canned(("inboxes", 1, "clean")) as server:
        yield server.urls[0]


async def test_a_call_adds_little_to_bare_aiohttp(url):
    async with AsyncSession(ApiSecret("id", "key"), base_url=url) as ours, aiohttp.ClientSession() as bare:

        async def by_hand():
            async with bare.get(f"{url}/v1/inboxes", headers={"Authorization": "Bearer token"}) as response:
                return json.loads(await response.read())

        added = await fewest_calls(ours.inboxes.list) - await fewest_calls(by_hand)
        assert added <= MOST_ADDED


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        pytest.param("clean", {"inboxes": 5, "messages": 11, "conversations": 6, "contacts": 7}, id="clean"),
        pytest.param(
            "unknown", {"inboxes": 27, "messages": 54, "conversations": 35, "contacts": 45}, id="unknown keys"
        ),
        pytest.param("odd", {"inboxes": 107, "messages": 184, "conversations": 186, "contacts": 176}, id="odd values"),
    ],
)
@pytest.mark.parametrize(
    ("noun", "model"),
    [("inboxes", Inbox), ("messages", Message), ("conversations", Conversation), ("contacts", Contact)],
)
def test_a_record_is_read_in_few_steps(noun, model, kind, most):
    assert calls_to_read(noun, model, kind) <= most[noun]
