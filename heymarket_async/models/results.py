"""What the service says to writes. https://developers.heymarket.com/api-reference/templates/manage"""

from collections.abc import Mapping
from typing import Any

import attrs

from heymarket_async.models.fields import extra
from heymarket_async.shown import Shown


@attrs.frozen(kw_only=True, weakref_slot=False)
class WriteResult(Shown):
    """What the service says to a create or an update.

    No field is required: whatever the answer lacks, the write was made.

    Attributes:
        id: the thing that was written.
        rev: its revision, which counts its changes.
        uuid: its other identifier; only contacts are known to have one.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/templates/manage
    """

    id: int | None = None
    rev: int | None = None
    uuid: str | None = None
    extra: Mapping[str, Any] = extra()
