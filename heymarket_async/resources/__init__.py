"""The operations of the service, one file for each noun."""

from heymarket_async.resources.inboxes import Inboxes
from heymarket_async.resources.team import Team

__all__ = ["Inboxes", "Team"]
