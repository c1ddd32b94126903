"""For programs that cannot await: the same session, whose methods wait for their results."""

from heymarket_async.sync.facade import Pages
from heymarket_async.sync.session import Session

__all__ = ["Pages", "Session"]
