"""Many teams at once: one pool of connections, and for each team a token, a rate budget and a state of its own."""

from heymarket_async.fleet.fleet import Fleet
from heymarket_async.fleet.parking import ParkedTeam
from heymarket_async.fleet.results import TeamResult

__all__ = ["Fleet", "ParkedTeam", "TeamResult"]
