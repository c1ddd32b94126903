"""The journal of webhooks: what happened, which deliveries came of it, and how each went."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import msgspec

Problem = Literal["connection", "timeout", "stopped"]
Outcome = Literal["delivered", "failed", "lost", "outage", "stopped"]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Event:
    """Something that happened in a team with webhooks. The repr shows nobody's number and no text.

    Attributes:
        number: counts from 1, over all teams.
        type: what it is called, as it goes out.
        team: the number of the team.
        about: the id of the message or the conversation; else the phone number.
        at: Unix time in seconds by the sandbox's clock.
        data: the `event_data`, as JSON: how things were at that moment.
    """

    number: int
    type: str
    team: int
    about: int | str
    at: float
    data: bytes

    @property
    def event_data(self) -> Any:
        """The `event_data` as a value."""
        return msgspec.json.decode(self.data)

    def __repr__(self) -> str:
        return f"<Event {self.number} {self.type} of team {self.team}>"


@attrs.frozen(kw_only=True)
class Attempt:
    """One POST of a delivery.

    Attributes:
        at: Unix time in seconds, when it began, by the sandbox's clock.
        elapsed: seconds until it ended.
        status: the HTTP status of the answer; None where none came.
        problem: why none came: the `connection` could not be had or broke, the answer took longer than the `timeout`,
            or the sandbox was `stopped`. None where one came.
    """

    at: float
    elapsed: float
    status: int | None
    problem: Problem | None


@attrs.define(kw_only=True, eq=False)
class Delivery:
    """What one webhook was to get for one event.

    Attributes:
        event: what happened.
        webhook: the id of the webhook.
        copy: whether it is a duplicate, made on purpose.
        attempts: what was tried so far, oldest first.
        outcome: how it ended: `delivered`; `failed` after the last attempt; `lost` by chance, or to an `outage`, both
            on purpose; `stopped` by the end of the sandbox or of the webhook. None while it is on its way.
    """

    event: Event
    webhook: int
    copy: bool = False
    attempts: list[Attempt] = attrs.field(factory=list[Attempt])
    outcome: Outcome | None = None
