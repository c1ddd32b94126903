"""Tags: https://developers.heymarket.com/api-reference/tags."""

from __future__ import annotations

import re
from typing import Any, Final

from heymarket_async.sandbox import listing
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.contact_book import steady_uuid
from heymarket_async.sandbox.records import show, show_all
from heymarket_async.sandbox.refusals import bad_data
from heymarket_async.sandbox.writing import deleted, written

_COLOR: Final = re.compile(r"#[0-9A-Fa-f]{6}")
_GREY: Final = "#8A8A8A"


def create_tag(ask: Ask) -> Any:
    """Make a tag."""
    label, color = ask.body["tag"], ask.body.get("color") or _GREY
    if not label.strip():
        raise bad_data("tag: must not be empty.")
    if not _COLOR.fullmatch(color):
        raise bad_data("color: must be a colour such as #FFD700.")
    record = ask.team.tags.add(ask.moment, {"tag": label, "color": color, "team_id": ask.team.id})
    return written(record, ask.variants, steady_uuid("tag", record["id"]))


def get_tag(ask: Ask) -> Any:
    """Give one."""
    return show(ask.team.tags.find(ask.id), ask.variants)


def delete_tag(ask: Ask) -> Any:
    """Delete one; contacts lose it. The answer is not documented."""
    del ask.team.tags[ask.team.tags.find(ask.id)["id"]]
    return deleted(ask.variants)


def list_tags(ask: Ask) -> Any:
    """Give a page of those updated before `date`."""
    return show_all(listing.before(ask.team.tags.values(), ask.body, ask.variants), ask.variants)


ROUTES: Final = (
    Route("create_tag", "POST", "/v1/tag", create_tag),
    Route("get_tag", "GET", "/v1/tag/{id}", get_tag),
    Route("delete_tag", "DELETE", "/v1/tag/{id}", delete_tag),
    Route("list_tags", "POST", "/v1/tags", list_tags),
)
