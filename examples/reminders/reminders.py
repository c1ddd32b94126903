"""A small app: it texts people a reminder of their appointment, each of them once."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from heymarket_async import AsyncSession, HeymarketError, Inbox, SendState, Unsettled


@attrs.frozen
class Appointment:
    """Who comes when.

    Args:
        phone: the number to text, in any usual writing.
        name: what to call the person.
        when: the time, in words.
    """

    phone: str
    name: str
    when: str


@attrs.define
class Report:
    """What came of it, each time the phone numbers.

    Attributes:
        reminded: those who were texted.
        unknown: those of whom nobody knows: ask them by another way.
        failed: those who were not texted; it may be tried again.
    """

    reminded: list[str] = attrs.field(factory=list[str])
    unknown: list[str] = attrs.field(factory=list[str])
    failed: list[str] = attrs.field(factory=list[str])


def wording(appointment: Appointment, inbox: Inbox) -> str:
    """Return the text of a reminder."""
    return f"Hello {appointment.name}, {inbox.name or 'we'} will see you {appointment.when}."


async def remind(heymarket: AsyncSession, appointments: Iterable[Appointment]) -> Report:
    """Text a reminder to everybody, from the first inbox of the team."""
    report = Report()
    inbox = (await heymarket.inboxes.list())[0]
    for appointment in appointments:
        try:
            await heymarket.messages.send(
                inbox_id=inbox.id,
                creator_id=inbox.members[0],
                phone_number=appointment.phone,
                text=wording(appointment, inbox),
            )
        except Unsettled as error:
            state = (await error.resolve()).state
            found = {SendState.SENT: report.reminded, SendState.NOT_FOUND: report.failed}
            found.get(state, report.unknown).append(appointment.phone)
        except HeymarketError:
            report.failed.append(appointment.phone)
        else:
            report.reminded.append(appointment.phone)
    return report
