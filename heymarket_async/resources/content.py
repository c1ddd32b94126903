"""Pictures and files that are written as they are read."""

from __future__ import annotations

from typing import Any

import attrs

from heymarket_async.arguments import check_several, check_url, wrong
from heymarket_async.models.schedules import Attachment
from heymarket_async.models.templates import GalleryEntry
from heymarket_async.values import kind_of


def check_gallery(argument: str, value: object) -> list[dict[str, Any]]:
    """Return pictures as the service takes them.

    Raises:
        ArgumentError: one is no `GalleryEntry`, or its fields make no sense.
    """
    return _written(argument, value, GalleryEntry)


def check_attachments(argument: str, value: object) -> list[dict[str, Any]]:
    """Return files as the service takes them.

    Raises:
        ArgumentError: one is no `Attachment`, or its fields make no sense.
    """
    return _written(argument, value, Attachment)


def _written(argument: str, value: object, kind: type[GalleryEntry] | type[Attachment]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for place, item in enumerate(check_several(argument, value, at_least=0)):
        where = f"{argument}[{place}]"
        if not isinstance(item, kind):
            raise wrong(where, f"must be a value of {kind.__name__}, not {kind_of(item)}")
        check_url(f"{where}.url", item.url)
        # What the library does not know goes back as it came: these writes replace what was there.
        entry = dict(item.extra)
        for field in attrs.fields(kind):
            text = getattr(item, field.name)
            if field.name != "extra" and text is not None:
                if not isinstance(text, str):
                    raise wrong(f"{where}.{field.name}", f"must be a str, not {kind_of(text)}")
                entry[field.name] = text
        out.append(entry)
    return out
