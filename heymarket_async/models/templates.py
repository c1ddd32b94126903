"""Templates. https://developers.heymarket.com/api-reference/templates/overview"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from heymarket_async.models.fields import extra, personal
from heymarket_async.shown import Shown


@attrs.frozen(kw_only=True, weakref_slot=False)
class GalleryEntry(Shown):
    """A picture that goes with a text. It is read in templates and schedules, and written in them too.

    Attributes:
        url: where the picture is, with its annotation if it has one.
        original_url: where it is without.
        annotation_text: what is written on it.
        annotation_position: where on it that stands; the vendor lists no values.
        extra: keys that the library does not know, or whose values did not fit, as sent. A write sends them back.

    https://developers.heymarket.com/api-reference/schedule-get
    """

    url: str | None = personal()
    original_url: str | None = personal()
    annotation_text: str | None = personal()
    annotation_position: str | None = None
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class GalleryContent(Shown):
    """What a template says.

    Attributes:
        text: the text, with merge tokens such as `{{first_name}}`.
        gallery: the pictures.
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/templates/overview
    """

    text: str | None = personal()
    gallery: tuple[GalleryEntry, ...] = ()
    extra: Mapping[str, Any] = extra()


@attrs.frozen(kw_only=True, weakref_slot=False)
class Template(Shown):
    """A text that is kept to be sent again.

    Only `id` is always there. What the service leaves out is None, or an empty tuple where there may be many.

    Attributes:
        id: the template, which sends take as `template_id`.
        name: its title (written as `title` on the wire).
        local_id: the identifier that the client gave when it made it.
        content: what it says.
        team_id: the team it belongs to.
        creator_id: the user who made it.
        shared: whether the whole team may use it.
        created: when it was made.
        updated: when it was last changed; lists are ordered by it.
        rev: its revision, which counts its changes.
        archived: whether it was put away.
        op: a marker of the last operation (seen by an integrator only).
        extra: keys that the library does not know, or whose values did not fit, as sent.

    https://developers.heymarket.com/api-reference/templates/overview
    """

    id: int
    name: str | None = None
    local_id: str | None = None
    content: GalleryContent | None = None
    team_id: int | None = None
    creator_id: int | None = None
    shared: bool | None = None
    created: datetime | None = None
    updated: datetime | None = None
    rev: int | None = None
    archived: bool | None = None
    op: str | None = None
    extra: Mapping[str, Any] = extra()
