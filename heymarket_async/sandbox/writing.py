"""What a create, an update or a delete answers."""

from __future__ import annotations

from typing import Any

from heymarket_async.sandbox.records import Record
from heymarket_async.sandbox.variants import Variants
from heymarket_async.values import UNSET


def written(record: Record, variants: Variants, uuid: str | None = None) -> Record:
    """Return the `id` and `rev` of a record that was written, and perhaps its UUID.

    https://developers.heymarket.com/guides/manage-contacts
    """
    answer: Record = {"id": record["id"], "rev": record["rev"]}
    if uuid is not None and variants.uuid_in_writes:
        answer["uuid"] = uuid
    return answer


def deleted(variants: Variants) -> Any:
    """Return what a delete answers whose answer no page shows: `UNSET` for no body at all."""
    return {"ok": "ok", "object": {"deleted": True}, "nothing": UNSET}[variants.delete_answer]
