"""Texts that go out later: https://developers.heymarket.com/concepts/lists-templates-scheduling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from heymarket_async.sandbox import chats, fields, sending
from heymarket_async.sandbox.asks import Ask, Route
from heymarket_async.sandbox.checks import check_member, find_inbox, one_of
from heymarket_async.sandbox.records import Moment, Record, show
from heymarket_async.sandbox.refusals import Refusal, bad_data
from heymarket_async.sandbox.sending import Order
from heymarket_async.sandbox.state import Team
from heymarket_async.sandbox.variants import Variants
from heymarket_async.sandbox.writing import deleted

_FAMILIES: Final = ("phone_number", "conversation_id", "list_id", "targets")
_TEXTS: Final = (chats.SMS, chats.GROUP)
_QUARTER: Final = 15 * 60 * 1_000_000
_NUMBER_KEYS: Final = ("phone", "phone_number", "target", "to")


def create_schedule(ask: Ask) -> Any:
    """Schedule a text: https://developers.heymarket.com/api-reference/schedule."""
    return {"id": ask.team.schedules.add(ask.moment, _read(ask))["id"]}


def get_schedule(ask: Ask) -> Any:
    """Give a scheduled text: https://developers.heymarket.com/api-reference/schedule-get."""
    return show_schedule(ask.team, ask.team.schedules.find(ask.id), ask.variants)


def update_schedule(ask: Ask) -> Any:
    """Replace a scheduled text that was not sent yet."""
    schedule = ask.team.schedules.find(ask.id)
    ask.team.schedules.change(schedule, ask.moment, _read(ask))
    return {"id": schedule["id"]}


def delete_schedule(ask: Ask) -> Any:
    """Drop a scheduled text that was not sent yet."""
    del ask.team.schedules[ask.team.schedules.find(ask.id)["id"]]
    return deleted(ask.variants)


def show_schedule(team: Team, schedule: Record, variants: Variants) -> Record:
    """Return a schedule as it goes out."""
    content = {**schedule["meta"]["content"]}
    if variants.schedule_template == "object" and content["template"]:
        content["template"] = show(team.templates.get(content["template"]) or {"id": content["template"]}, variants)
    return show({**schedule, "meta": {**schedule["meta"], "content": content}}, variants)


def run_due(team: Team, now: Moment) -> None:
    """Send what has become due, the oldest first, as at the time that was set for it."""
    due = [schedule for schedule in team.schedules.values() if schedule["execute"] <= now]
    for schedule in sorted(due, key=lambda schedule: (schedule["execute"], schedule["id"])):
        del team.schedules[schedule["id"]]
        try:
            _send(team, schedule, schedule["execute"])
        except Refusal as refusal:
            team.book.missed.append((schedule, refusal.code))


def _send(team: Team, schedule: Record, now: Moment) -> None:
    order = Order(
        inbox=find_inbox(team, schedule["inbox_id"], "inbox_id"),
        user=schedule["user_id"],
        content=_content(team, schedule["meta"]["content"]),
        local_id=schedule["local_id"],
    )
    meta = schedule["meta"]
    if meta["conversation_id"]:
        conversation = sending.find_conversation(team, order.inbox, meta["conversation_id"], "conversation_id", _TEXTS)
        sending.into(team, order, conversation, now)
    elif meta["list_id"]:
        sending.to_list(team, order, meta["list_id"], now)
    else:
        sending.to_numbers(team, order, schedule["_numbers"], now)


def _read(ask: Ask) -> Record:
    """Return the fields of a schedule from the body of a write."""
    team, body = ask.team, ask.body
    family = one_of(body, _FAMILIES)
    inbox = find_inbox(team, body["inbox_id"], "inbox_id")
    user = body.get("user_id") or next(iter(chats.members_of(team, {})), 0)
    check_member(team, inbox, user, "user_id", ask.variants)
    numbers = _numbers(body, family, ask.variants)
    conversation_id, list_id = body.get("conversation_id") or 0, body.get("list_id") or 0
    if conversation_id:
        sending.find_conversation(team, inbox, conversation_id, "conversation_id", _TEXTS)
    if list_id:
        team.lists.find(list_id, "list_id")
    content = _keep(body["content"])
    _content(team, content)
    return {
        "execute": _execute(body, ask.moment),
        "inbox_id": inbox["id"],
        "local_id": body.get("local_id") or "",
        "meta": {
            "campaign_id": 0,
            "campaign_step_id": 0,
            "campaign_target_phone": "",
            "content": content,
            "conversation_id": conversation_id,
            "list_id": list_id,
        },
        "team_id": team.id,
        "user_id": user,
        "_numbers": numbers,
    }


def _execute(body: Mapping[str, Any], now: Moment) -> Moment:
    moment = fields.require(fields.moment(body, "execute_at"), "execute_at")
    if moment % _QUARTER:
        raise bad_data("execute_at: must be on a quarter hour.")
    if moment < now + _QUARTER:
        raise bad_data("execute_at: must be at least 15 minutes ahead.")
    return moment


def _keep(given: Mapping[str, Any]) -> Record:
    template: Any = given.get("template") or 0
    if isinstance(template, dict):
        template = chats.as_record(template).get("id")
        if type(template) is not int:
            raise bad_data("content.template: must be the id of a template, or an object with such an id.")
    return {
        "attachments": given.get("attachments") or [],
        "gallery": given.get("gallery") or [],
        "local_day": given.get("local_day") or 0,
        "local_time": given.get("local_time") or "",
        "offset": given.get("offset") or 0,
        "template": template,
        "text": given.get("text") or "",
        "to": given.get("to") or "",
    }


def _content(team: Team, content: Record) -> sending.Content:
    if not any(content[key] for key in ("text", "template", "attachments", "gallery")):
        raise bad_data("content: text, template, attachments, gallery: one of them must be given.")
    files = [file["url"] for file in (*content["attachments"], *content["gallery"]) if file.get("url")]
    return sending.read_content(
        team,
        text=content["text"],
        media=files[0] if files else "",
        template_id=content["template"],
        template_key="content.template",
    )


def _numbers(body: Mapping[str, Any], family: str, variants: Variants) -> list[str]:
    if family == "targets":
        # The earlier page says that these are objects, but not of which keys.
        numbers = [_number(target, variants) for target in body["targets"]]
        return list(dict.fromkeys(fields.check_phone(number, "targets") for number in numbers))
    return sending.numbers_of(body, family) if family == "phone_number" else []


def _number(target: Any, variants: Variants) -> Any:
    known_as = "objects" if isinstance(target, dict) else "texts"
    if variants.schedule_targets not in ("both", known_as):
        raise bad_data(f"targets: must be {variants.schedule_targets}.")
    if not isinstance(target, dict):
        return target
    known = chats.as_record(target)
    return next((known[key] for key in _NUMBER_KEYS if key in known), None)


ROUTES: Final = (
    Route("create_schedule", "POST", "/v1/schedule", create_schedule),
    Route("get_schedule", "GET", "/v1/schedule/{id}", get_schedule),
    Route("update_schedule", "PUT", "/v1/schedule/{id}", update_schedule),
    Route("delete_schedule", "DELETE", "/v1/schedule/{id}", delete_schedule),
)
