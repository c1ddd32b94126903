"""Ways through the pages of a list. Pure: a walk says what to ask next, takes what came, and says what is new.

The service pages in several ways and promises little about any of them: whether rows of one moment can be cut apart by
the border of a page, whether pages count from 0 or from 1, whether a time bounds from above or from below. A walk
takes each item once under every reading.

Where a list is ordered by the time of the last change, an item that changes meanwhile jumps to the front, behind the
walker's back. Such a walk ends with another look at the front, until nothing new is there.
"""

from heymarket_async.walks.base import Walk
from heymarket_async.walks.by_page import PageWalk
from heymarket_async.walks.by_time import TimeWalk

__all__ = ["PageWalk", "TimeWalk", "Walk"]
