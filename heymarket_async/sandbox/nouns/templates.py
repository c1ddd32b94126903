"""Templates, written with a `title` and read with a `name`: https://developers.heymarket.com/api-reference/templates/manage."""

from __future__ import annotations

from typing import Any, Final

from heymarket_async.sandbox import listing
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.contact_book import steady_uuid
from heymarket_async.sandbox.nouns.lists import check_title
from heymarket_async.sandbox.people import member_ids
from heymarket_async.sandbox.records import Record, show, show_all
from heymarket_async.sandbox.writing import deleted, written


def create_template(ask: Ask) -> Any:
    """Make a template."""
    team = ask.team
    record = team.templates.add(
        ask.moment,
        {
            "local_id": "",
            "team_id": team.id,
            "creator_id": next(iter(member_ids(team)), 0),
            "shared": True,
            "archived": False,
            **_changes(ask),
        },
    )
    record["local_id"] = record["local_id"] or steady_uuid("template", record["id"])
    return written(record, ask.variants, record["local_id"])


def get_template(ask: Ask) -> Any:
    """Give one."""
    return show(ask.team.templates.find(ask.id), ask.variants)


def update_template(ask: Ask) -> Any:
    """Change one. `archived` and `local_id` stay as they are when they are left out."""
    record = ask.team.templates.find(ask.id)
    ask.team.templates.change(record, ask.moment, _changes(ask))
    return written(record, ask.variants)


def delete_template(ask: Ask) -> Any:
    """Delete one. The answer is not documented."""
    del ask.team.templates[ask.team.templates.find(ask.id)["id"]]
    return deleted(ask.variants)


def list_templates(ask: Ask) -> Any:
    """Give a page of those updated before `date`, archived ones too."""
    return show_all(listing.before(ask.team.templates.values(), ask.body, ask.variants), ask.variants)


def _changes(ask: Ask) -> Record:
    body = ask.body
    content: Record = {"text": "", "gallery": [], **body["content"]}
    kept: Record = {key: body[key] for key in ("local_id", "archived") if key in body}
    return {"name": check_title(body), "content": content, **kept}


ROUTES: Final = (
    Route("create_template", "POST", "/v1/template", create_template),
    Route("get_template", "GET", "/v1/template/{id}", get_template),
    Route("update_template", "PUT", "/v1/template/{id}", update_template),
    Route("delete_template", "DELETE", "/v1/template/{id}", delete_template),
    Route("list_templates", "POST", "/v1/templates", list_templates),
)
