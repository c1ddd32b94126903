"""What the service answers, as frozen attrs classes. One file for each noun."""

from heymarket_async.models.inboxes import BusinessHours, Inbox, WidgetSettings
from heymarket_async.models.team import Team, TeamMember

__all__ = ["BusinessHours", "Inbox", "Team", "TeamMember", "WidgetSettings"]
