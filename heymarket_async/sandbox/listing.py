"""Pages of records, as pure functions: by a time in the request, and by a page number.

https://developers.heymarket.com/api-reference/conversations/list
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

import attrs

from heymarket_async.sandbox import fields
from heymarket_async.sandbox.records import Moment, Record, unit_of
from heymarket_async.sandbox.refusals import bad_data
from heymarket_async.sandbox.variants import MessageCursor, Variants

Payload = Mapping[str, Any]


@attrs.frozen
class Sizes:
    """How long the pages of a list are.

    Attributes:
        default: without a `limit`.
        largest: at most.
    """

    default: int = 30
    largest: int = 200


ORDINARY: Final = Sizes()


def read_limit(payload: Payload, sizes: Sizes, variants: Variants) -> int:
    """Return how many records the page that `payload` asks for may have.

    Raises:
        Refusal: `limit` is no integer, is below 0, or above the maximum where that is an error.
    """
    largest = variants.largest_page or sizes.largest
    limit = payload.get("limit") or 0
    if limit < 0:
        raise bad_data("limit: must not be below 0.")
    if limit == 0 or variants.limit_ignored:
        return min(sizes.default, largest)
    if limit > largest and variants.limit_refused:
        raise bad_data(f"limit: must not be above {largest}.")
    return min(limit, largest)


def by_time(
    records: Iterable[Record],
    *,
    bound: Moment | None,
    limit: int,
    variants: Variants,
    key: str = "updated",
    ascending: bool = False,
    reading: MessageCursor = "before",
) -> list[Record]:
    """Return one page of records in the order of a time, ties in the order of their ids.

    Args:
        records: all of them, in any order.
        bound: the time of the request, if any.
        limit: the length of the page.
        variants: says how fine times are compared.
        key: the key of the time.
        ascending: oldest first.
        reading: on which side of the bound the page lies, as `Variants.message_cursor` has it.
    """
    if bound is not None:
        records = _beyond(records, bound, key, ascending, reading, variants)
    first = heapq.nsmallest if ascending else heapq.nlargest
    return first(limit, records, key=itemgetter(key, "id"))


def _beyond(
    records: Iterable[Record], bound: Moment, key: str, ascending: bool, reading: MessageCursor, variants: Variants
) -> list[Record]:
    # A time lies before the unit of the bound exactly if it lies before the beginning of that unit.
    edge = bound.cut(variants.compared)
    if reading == "from":
        return [record for record in records if record[key] >= edge]
    if reading == "follows_order" and ascending:
        after = edge + unit_of(variants.compared)
        return [record for record in records if record[key] >= after]
    return [record for record in records if record[key] < edge]


def before(
    records: Iterable[Record], payload: Payload, variants: Variants, *, sizes: Sizes = ORDINARY, field: str = "date"
) -> list[Record]:
    """Return the page of the lists of version 1: updated before `date`, newest first.

    Raises:
        Refusal: `date` is no time, or `limit` no number.
    """
    bound, limit = fields.moment(payload, field), read_limit(payload, sizes, variants)
    return by_time(records, bound=bound, limit=limit, variants=variants)


def by_number(records: list[Record], *, page: int, limit: int, first: int, variants: Variants) -> list[Record]:
    """Return one page of records that are in order already.

    Args:
        records: all of them.
        page: the number of the page.
        limit: the length of a page.
        first: the number of the first page.
        variants: says what becomes of a page below the first one.

    Raises:
        Refusal: the page lies below the first one, and that is an error.
    """
    place = page - first
    if place < 0:
        if variants.low_page == "refuse":
            raise bad_data(f"page: the first page has the number {first}.")
        if variants.low_page == "empty":
            return []
        place = 0
    return records[place * limit : (place + 1) * limit]


def numbered(
    records: list[Record], payload: Payload, variants: Variants, *, first: int, sizes: Sizes = ORDINARY
) -> list[Record]:
    """Return the page that `page` and `limit` of a request name; the first one without `page`.

    Raises:
        Refusal: `page` or `limit` makes no sense.
    """
    page = payload.get("page")
    limit = read_limit(payload, sizes, variants)
    return by_number(records, page=first if page is None else page, limit=limit, first=first, variants=variants)


def count(records: Iterable[Record], payload: Payload, variants: Variants, *, key: str = "updated") -> int:
    """Return how many records there are, or how many on one side of the `date` of a request.

    On which side is up to `Variants.count_date`.

    Raises:
        Refusal: `date` is no time.
    """
    bound = fields.moment(payload, "date")
    if bound is not None:
        later = variants.count_date == "after"
        records = _beyond(records, bound, key, later, "follows_order" if later else "before", variants)
    return len([*records])
