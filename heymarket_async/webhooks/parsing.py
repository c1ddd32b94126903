"""From the body of a webhook to an event. Pure: who sent it is known by the token in it, and by nothing else.

https://developers.heymarket.com/guides/webhooks
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import attrs

from heymarket_async.arguments import wrong
from heymarket_async.convert import NotJson, Reader, parse_json
from heymarket_async.drift import Misfit, json_type
from heymarket_async.errors import ConfigurationError
from heymarket_async.kinds import EventKind
from heymarket_async.models.conversations import Conversation
from heymarket_async.models.fields import extra
from heymarket_async.models.messages import Message
from heymarket_async.plain import to_json
from heymarket_async.records import Record
from heymarket_async.settings import check_count
from heymarket_async.values import UNSET
from heymarket_async.webhooks.errors import WebhookMisfit, WebhookNotJson, WebhookTokenError, WebhookTooLarge
from heymarket_async.webhooks.events import (
    CLASSES,
    ChatEvent,
    EventSource,
    MessageEvent,
    UnknownEvent,
    WebhookEvent,
)

# A text has up to some thousand characters, and what stands around it up to a few more.
LARGEST_BODY: Final = 262_144
_DEEPEST: Final = 32
# It fails nowhere, also on a string without an end: so whatever comes is looked at once.
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_ALIKE: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS: Final = bytes(sign for sign in range(256) if sign not in b"[]{}")


class Tokens(Record, frozen=True):
    """The verification tokens that are ours, as digests: of one length, so that comparing tells none."""

    digests: tuple[bytes, ...]

    def know(self, token: object) -> bool:
        """Say whether a token is one of these. All are compared, whichever it is."""
        given = _token_digest(token) if isinstance(token, str) else b""
        found = False
        for digest in self.digests:
            found |= hmac.compare_digest(given, digest)
        return found


def check_tokens(value: Any) -> Tokens:
    """Return verification tokens: one, or several while they are rotated.

    Raises:
        ConfigurationError: there is none, or one that cannot be.
    """
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, Iterable) or isinstance(value, bytes | bytearray):
        raise ConfigurationError(f"tokens must be a str or several, not {type(value).__name__}.", advice=_WHERE)
    tokens = list(cast("Iterable[object]", value))
    if not tokens:
        raise ConfigurationError("tokens are missing: without one, anybody could send events.", advice=_WHERE)
    for place, token in enumerate(tokens):
        if not isinstance(token, str):
            raise ConfigurationError(f"tokens[{place}] must be a str, not {type(token).__name__}.", advice=_WHERE)
        if not token.strip():
            raise ConfigurationError(f"tokens[{place}] is empty: anybody could send events.", advice=_WHERE)
        if token != token.strip() or not token.isprintable():
            raise ConfigurationError(f"tokens[{place}] has white space around it, or a line break.", advice=_WHERE)
    return Tokens(tuple(map(_token_digest, cast("list[str]", tokens))))


_WHERE: Final = "Copy the verification token of the webhook from Heymarket's settings."


def _token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Envelope:
    """What stands around the data of an event.

    Attributes:
        type: what has happened, as a word.
        id: the webhook as configured.
        event_data: what it happened to.
        extra: keys that the library does not know, or whose values did not fit, as sent.
    """

    type: str
    id: int | None = None
    event_data: Any = None
    extra: Mapping[str, Any] = extra()


class Parser:
    """Reads the bodies of webhooks.

    Args:
        tokens: the verification tokens of the webhooks, as the service shows them in their settings: one, or several
            while they are rotated.
        largest: bytes that a body may have.

    Raises:
        ConfigurationError: there is no token, or a value makes no sense.
    """

    def __init__(self, tokens: str | Iterable[str], *, largest: int = LARGEST_BODY) -> None:
        self.largest: int = check_count("largest", largest)
        self.reader: Reader = Reader()
        self._tokens = check_tokens(tokens)

    def parse(self, body: bytes | bytearray | memoryview) -> WebhookEvent:
        """Return the event that a body tells of.

        Raises:
            ArgumentError: it is not bytes.
            WebhookError: it is refused: `WebhookTooLarge`, `WebhookNotJson`, `WebhookTokenError` or `WebhookMisfit`.
        """
        if not isinstance(body, bytes | bytearray | memoryview):
            raise wrong("body", f"must be the bytes of the request as they came, not {type(body).__name__}")
        record = self._decoded(bytes(body))
        token = record.pop("token", None)
        if not self._tokens.know(token):
            raise WebhookTokenError("The token is missing." if token is None else "The token is not known.")
        if "event_data" not in record:
            raise WebhookMisfit("event_data is missing.", where="$.event_data")
        return self.read(record)

    def read(self, record: dict[str, Any], source: EventSource = EventSource.WEBHOOK) -> WebhookEvent:
        """Return the event in a record that has no token any more.

        Raises:
            WebhookMisfit: it is none.
        """
        try:
            return _event(record, self.reader, source)
        except Misfit as misfit:
            what, where = f"{misfit.wanted} wanted, {misfit.got} found", misfit.where
        raise WebhookMisfit(f"At {where}: {what}.", where=where)

    def too_large(self, size: int) -> WebhookTooLarge:
        """Return the error for a body of so many bytes, or more."""
        return WebhookTooLarge(f"The body has {size} bytes or more; at most {self.largest} are taken.")

    def _decoded(self, body: bytes) -> dict[str, Any]:
        if len(body) > self.largest:
            raise self.too_large(len(body))
        _check_depth(body)
        try:
            body.decode()  # Python's json takes more than UTF-8, of which UTF-16 and UTF-32 have zeros.
            record = UNSET if b"\0" in body else parse_json(body)
        except (UnicodeDecodeError, NotJson):
            record = UNSET  # The error may hold the body, so it must not become the context of ours.
        if record is UNSET:
            raise WebhookNotJson("The body is not JSON.")
        if not isinstance(record, dict):
            raise WebhookMisfit(f"An object is wanted, not {json_type(record)}.")
        return cast("dict[str, Any]", record)


def parse(body: bytes, tokens: str | Iterable[str], *, largest: int = LARGEST_BODY) -> WebhookEvent:
    """Return the event that the body of a webhook tells of. For many bodies, `Parser` is faster.

    Args:
        body: the bytes of the request as they came.
        tokens: the verification tokens of the webhooks: one, or several while they are rotated.
        largest: bytes that a body may have.

    Raises:
        ConfigurationError: there is no token.
        ArgumentError: the body is not bytes.
        WebhookError: it is refused: `WebhookTooLarge`, `WebhookNotJson`, `WebhookTokenError` or `WebhookMisfit`. Say
            nothing of it to the sender but `error.status`.

    https://developers.heymarket.com/guides/webhooks
    """
    return Parser(tokens, largest=largest).parse(body)


def written(event: WebhookEvent) -> bytes:
    """Return an event as bytes, of which `reread` makes it again. They hold no token."""
    # What is in `extra` did not fit, and so comes as it was sent.
    record = {"type": event.raw_type, "id": event.webhook_id, "event_data": event.data, **event.extra}
    return json.dumps([event.source.value, record]).encode()


def reread(body: bytes, parser: Parser) -> WebhookEvent | None:
    """Return the event that was written; None if this version of the library cannot read it."""
    try:
        source, record = parse_json(body)
        return parser.read(record, EventSource(source))
    except (NotJson, WebhookMisfit, ValueError, TypeError):
        return None


def event_of(kind: EventKind, item: Any, source: EventSource) -> WebhookEvent:
    """Return the event that something has happened to a model which is already read."""
    data = to_json(item)
    cls = CLASSES[kind]
    if issubclass(cls, MessageEvent):
        return cls(kind=kind, raw_type=kind.value, data=data, source=source, message=item)
    if issubclass(cls, ChatEvent):
        return cls(kind=kind, raw_type=kind.value, data=data, source=source, chat=item)
    return cls(kind=kind, raw_type=kind.value, data=data, source=source)


def _event(record: dict[str, Any], reader: Reader, source: EventSource) -> WebhookEvent:
    envelope = reader.structure(record, Envelope)
    kind, data = EventKind(envelope.type), envelope.event_data
    facts: dict[str, Any] = {
        "kind": kind,
        "raw_type": envelope.type,
        "webhook_id": envelope.id,
        "data": data,
        "source": source,
        "extra": envelope.extra,
    }
    cls = CLASSES.get(kind, UnknownEvent)
    try:
        if issubclass(cls, MessageEvent):
            return cls(**facts, message=reader.structure(data, Message))
        if issubclass(cls, ChatEvent):
            return cls(**facts, chat=reader.structure(data, Conversation))
    except Misfit as misfit:
        raise misfit.under("event_data") from None
    if cls is not UnknownEvent and not isinstance(data, dict):
        raise Misfit("object", json_type(data), ("event_data",))
    return cls(**facts)


def _check_depth(body: bytes) -> None:
    """See that JSON is not nested deeply, without reading it: each turn takes away what holds nothing.

    Raises:
        WebhookTooLarge: it is.
        WebhookNotJson: its brackets make no pairs.
    """
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return
    brackets = _STRING.sub(b"", body).translate(_ALIKE, _NO_BRACKETS)
    for _ in range(_DEEPEST):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return
    if b"[]" in brackets:
        raise WebhookTooLarge(f"The body is nested more than {_DEEPEST} deep.")
    raise WebhookNotJson("The body is not JSON.")
