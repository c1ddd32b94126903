"""Operations, calls and replies as values.

An `Operation` is one endpoint, declared once. A `Call` is an operation with its arguments. A `Reply` is what came back.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import attrs
import msgspec

from heymarket_async.errors import ArgumentError
from heymarket_async.values import UNSET, Unset

T = TypeVar("T")


class Effect(enum.Enum):
    """What a call does to the service, which decides whether it may be repeated.

    HTTP methods do not tell: this service reads by POST.
    """

    READS = "reads"
    """Changes nothing."""
    REPEATABLE = "repeatable"
    """Changes something, and a repeat changes nothing more."""
    SENDS = "sends"
    """A repeat may text a customer twice or create a second thing."""


class TimeCursor(msgspec.Struct, frozen=True, kw_only=True):
    """A list that is paged by the time of the last item of a page, newest first.

    Args:
        key: what the cursor is called in the request.
        by: the attribute of the model that holds the time.
        size: items on a page where nothing else is asked for.
        sizable: whether the request may ask for a number of items.
        largest: items that a page may be asked to hold.
        follows_changes: whether the order is by the last change, so that items can move while one walks.
        unix: whether the cursor is in Unix seconds.
        both_ways: whether the sources disagree on which side of the cursor the items lie.
    """

    key: str
    by: str
    size: int = 30
    sizable: bool = True
    largest: int = 1000
    follows_changes: bool = True
    unix: bool = False
    both_ways: bool = False


class PageNumber(msgspec.Struct, frozen=True, kw_only=True):
    """A list that is paged by the number of the page.

    Args:
        by: the attribute of the model that holds the time of the last change.
        size: items on a page where nothing else is asked for.
        largest: items that a page may be asked to hold.
        follows_changes: whether the order is by the last change, newest first.
    """

    by: str = "updated"
    size: int = 30
    sizable: bool = True
    largest: int = 100
    follows_changes: bool = True


Paging = TimeCursor | PageNumber


@attrs.frozen(kw_only=True)
class Operation(Generic[T]):
    """One endpoint of the service.

    Args:
        name: the `operationId` of the contract.
        method: the HTTP method.
        path: the path template, such as `/v1/conversations/{id}`.
        effect: decides retries.
        reply: the type that the JSON of a reply becomes.
        envelope: keys under which older replies wrap what newer ones send bare.
        always_wrapped: whether a bare list is against the rule, so that an object without the key is an empty list.
        paging: how its list is paged, if it is.
        docs: the vendor page it comes from.
        deprecated: what to use in its place, if the vendor gives it up.
    """

    name: str
    method: str
    path: str
    effect: Effect
    reply: type[T]
    envelope: tuple[str, ...] = ()
    always_wrapped: bool = False
    paging: Paging | None = None
    docs: str = ""
    deprecated: str = ""

    def call(self, *, query: Mapping[str, str | int] | None = None, body: Any = UNSET, **path: str | int) -> Call[T]:
        """Return a call of this operation.

        Args:
            query: the query parameters, if any.
            body: what to send as JSON; none by default.
            **path: a value for each name in the path template. It is quoted as one segment.

        Raises:
            ArgumentError: a value cannot be a segment of a path: the request would go to another endpoint.
        """
        if not path and query is None and body is UNSET:
            return self._plain
        target = self.path
        if path:
            target = target.format_map({name: _segment(name, value) for name, value in path.items()})
        return Call(operation=self, path=target, query=tuple(query.items()) if query else (), body=body)

    @cached_property
    def _plain(self) -> Call[T]:
        """The call without arguments, made once: a call is a value."""
        return Call(operation=self, path=self.path)


def _segment(name: str, value: object) -> str:
    text = str(value)
    if text in ("", ".", "..") or not text.isprintable():
        raise ArgumentError(f"{name} is empty, or not what a path can hold.", argument=name)
    return quote(text, safe="")


@attrs.frozen(kw_only=True)
class Call(Generic[T]):
    """An operation with its arguments: a value that a session can perform.

    Args:
        operation: the operation.
        path: the path with its values filled in.
        query: names and values of the query.
        body: what is sent as JSON, or `UNSET` for none.
    """

    operation: Operation[T]
    path: str = attrs.field(repr=False)
    query: tuple[tuple[str, str | int], ...] = attrs.field(default=(), repr=False)
    body: Any | Unset = attrs.field(default=UNSET, repr=False)

    @property
    def local_id(self) -> str | None:
        """The client's identifier that the body carries, if any."""
        body: object = self.body
        local_id = cast("dict[str, object]", body).get("local_id") if isinstance(body, dict) else None
        return local_id if isinstance(local_id, str) else None


@attrs.frozen(kw_only=True)
class Reply:
    """What the service answered to one attempt.

    Args:
        status: the HTTP status.
        headers: the headers; names in any case.
        body: the bytes of the body, decompressed. They may hold personal data, so the repr leaves them out.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=lambda body: f"<{len(body)} bytes>")

    @property
    def request_id(self) -> str | None:
        """The service's name for this request, which its support asks for."""
        request_id = self.headers.get("X-Request-Id")
        return request_id[:100] if request_id is not None and request_id.isprintable() else None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body parsed as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.body)
