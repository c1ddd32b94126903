"""What a create or an update answers."""

from __future__ import annotations

from heymarket_async.sandbox.records import Record
from heymarket_async.sandbox.variants import Variants


def written(record: Record, variants: Variants, uuid: str | None = None) -> Record:
    """Return the `id` and `rev` of a record that was written, and perhaps its UUID.

    https://developers.heymarket.com/guides/manage-contacts
    """
    answer: Record = {"id": record["id"], "rev": record["rev"]}
    if uuid is not None and variants.uuid_in_writes:
        answer["uuid"] = uuid
    return answer
