"""From which inbox a text goes out, and in whose name."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from heymarket_async.errors import ConfigurationError
from heymarket_async.models.inboxes import Inbox
from heymarket_async.session import AsyncSession

_LISTED = "`heymarket inboxes` lists them with their ids."


@attrs.frozen(kw_only=True)
class Sender:
    """Who sends.

    Attributes:
        inbox: the inbox.
        member_id: the member in whose name.
    """

    inbox: Inbox
    member_id: int

    def __str__(self) -> str:
        return f"inbox {self.inbox.id}{f', {self.inbox.name}' if self.inbox.name else ''}; member {self.member_id}"


async def find_sender(session: AsyncSession, inbox: str | None, member: int | None) -> Sender:
    """Return who sends.

    Args:
        session: the team.
        inbox: an inbox by its id or its name; None for the only one.
        member: a member; None for the first of the inbox.

    Raises:
        ConfigurationError: that is not enough to go by, or there is no such inbox.
    """
    inboxes = await session.inboxes.list()
    if inbox is None and len(inboxes) != 1:
        raise ConfigurationError(f"--inbox is needed: the team has {len(inboxes)} inboxes.", advice=_LISTED)
    found = inboxes[0] if inbox is None else find_inbox(inboxes, inbox)
    if member is None and not found.members:
        advice = "`heymarket team` lists the members of the team with their ids."
        raise ConfigurationError(f"--member is needed: inbox {found.id} shows no members.", advice=advice)
    return Sender(inbox=found, member_id=found.members[0] if member is None else member)


def find_inbox(inboxes: Sequence[Inbox], wanted: str) -> Inbox:
    """Return an inbox by its id or its name.

    Raises:
        ConfigurationError: there is none, or there are several.
    """
    named = [each for each in inboxes if each.name and each.name.casefold() == wanted.strip().casefold()]
    found = [each for each in inboxes if str(each.id) == wanted.strip()] or named
    if len(found) == 1:
        return found[0]
    how_many = "are several inboxes" if found else "is no inbox"
    raise ConfigurationError(f"There {how_many} of this id or name.", advice=_LISTED)
