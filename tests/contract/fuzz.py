"""Fuzzes a sandbox with what the contract allows, and what it forbids, and holds the answers to the contract.

    python tests/contract/fuzz.py DIRECTORY [OPTION ...]

DIRECTORY gets a copy of the contract; the options go to schemathesis. The exit status is 0 if the contract describes
every answer, none was a 500, and each operation succeeded at least once.

The copy differs from the contract in two things. It declares a 404 wherever a request can name something that does not
exist: no page of the vendor says what comes then, and the sandbox has to answer something (`Variants.unknown_id`). And
it tells of ids and requests that mean something to the sandbox, without which most would get no further than that 404.
What the schemas allow stays the same. (A 405 is what schemathesis itself wants for a method that a path lacks.)
"""

from __future__ import annotations

import asyncio
import copy
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from heymarket_async import AsyncSession
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Sandbox, Team

CONTRACT = Path(__file__).with_name("openapi.yaml")
CHECKS = ("not_a_server_error", "status_code_conformance", "response_schema_conformance")
# One worker, a seed and a clock that stands: every run makes the same requests of the same sandbox.
OPTIONS = [
    f"--checks={','.join(CHECKS)}",
    "--phases=examples,coverage,fuzzing",
    "--max-examples=12",
    "--seed=1",
    "--workers=1",
    "--generation-database=none",
    "--suppress-health-check=all",
    "--request-timeout=10",
    "--warnings=off",
    "--continue-on-failure",
    "--no-color",
]
NOON = 1_793_534_400.0
TOMORROW = datetime.fromtimestamp(NOON, UTC) + timedelta(days=1)


def known_values(team: Team) -> dict[str, list[Any]]:
    """Return, by the names that the contract gives them, values that mean something to the sandbox."""
    inboxes, members = [inbox["id"] for inbox in team.inboxes], team.inboxes[0]["members"][:2]
    chats = [one["id"] for one in team.conversations.values() if one["inbox"] == inboxes[0]]
    contacts = [*team.contacts.values()]
    phones = [contact["phone"] for contact in contacts if contact["phone"]][:2]
    return {
        **dict.fromkeys(["inbox_id", "inboxID", "inbox"], inboxes[:1]),
        **dict.fromkeys(["creator_id", "user_id", "reassign_id", "assignee_id"], members),
        **dict.fromkeys(["chat_id", "convo_id", "conversation_id"], chats),
        **dict.fromkeys(["phone", "phoneNumber", "phone_number", "target", "add_phone", "remove_phone"], phones),
        "channel_id": phones,
        "contact_id": [contact["_uuid"] for contact in contacts[:2]],
        # The first to be used, and to be deleted others than those that version 1 deletes by their ids.
        "contactID": [contact["_uuid"] for contact in (contacts[0], *contacts[-3:])],
        "execute_at": ["2026-11-02T12:00:00Z"],
        "list_id": [*team.lists][:1],
        "survey_id": [*team.surveys][:2],
        "tag_id": [*team.tags][:1],
        "template_id": [*team.templates][:1],
        "transfer_inbox_id": inboxes[1:2],
    }


def bodies(known: dict[str, list[Any]]) -> dict[str, Any]:
    """Return good requests to the operations that hardly any made-up body gets through to.

    Schemathesis sends each as it is, and with one key after another made strange.
    """
    inbox, user, chat, phone = (known[name][0] for name in ("inbox_id", "user_id", "chat_id", "phone"))
    at_inbox, contact = {"inbox_id": inbox, "user_id": user}, {"phone": "14155550190", "first": "Kim"}
    by_chat, by_phone = {**at_inbox, "chat_id": chat}, {**at_inbox, "target": phone}
    channel = {"channel_type": "phone", "channel_id": "14155550191"}
    schedule = {**at_inbox, "execute_at": known["execute_at"][0], "phone_number": phone, "content": {"text": "Hello"}}
    return {
        **dict.fromkeys(["open_conversation", "close_conversation"], by_chat),
        **dict.fromkeys(["mark_conversation_read", "mark_conversation_unread"], by_phone),
        "reassign_conversation": {**by_phone, "reassign_id": user},
        "transfer_conversation": {"conversation_id": chat, "transfer_inbox_id": known["transfer_inbox_id"][0]},
        "send_message": {"inbox_id": inbox, "creator_id": user, "phone_number": phone, "text": "Hello"},
        "send_email": {"inbox": inbox, "creator_id": user, "targets": ["to:sam@example.com"], "text": "Hello"},
        "list_conversations": {"id": user, "filters": {"inboxes": [inbox]}},
        "create_contact": contact,
        "update_contact": {"phone": phone, "first": "Kim"},
        "get_contact_by_phone_or_id": {"phone": phone},
        "create_contact_v2": {"contact_channels": [channel]},
        "create_contact_channel_v2": {"channel_type": "email", "channel_id": "kim@example.com"},
        "update_contact_channel_v2": {"channel_type": "email", "channel_id": "lee@example.com"},
        "create_list": {"title": "April", "local_id": "april", "phones": [phone]},
        "create_list_v1": {"title": "May"},
        "delete_list": {"contact_ids": []},
        "create_template": {"title": "Hello", "content": {"text": "Hello"}},
        **dict.fromkeys(["create_schedule", "update_schedule"], schedule),
    }


def ids_in_path(team: Team, path: str) -> list[int]:
    """Return the ids that may stand in place of the `{id}` of a path."""
    nouns = {
        "contact": team.contacts,
        "conversations": team.conversations,
        "list": team.lists,
        "lists": team.lists,
        "schedule": team.schedules,
        "survey": team.surveys,
        "tag": team.tags,
        "template": team.templates,
    }
    return [*nouns[path.split("/")[2]]]


def with_values(schema: dict[str, Any], values: list[Any]) -> dict[str, Any]:
    """Return a schema that allows what `schema` does and names some of it."""
    kind = {"integer": int, "string": str}.get(str(schema.get("type")))
    fitting = [value for value in values if type(value) is kind]
    return {"anyOf": [{"enum": fitting}, schema]} if fitting else schema


def name_values(schema: Any, known: dict[str, list[Any]]) -> None:
    """Name the known values in all schemas inside of `schema`."""
    children = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for child in children:
        name_values(child, known)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        for name, values in known.items():
            if name in schema["properties"]:
                schema["properties"][name] = with_values(schema["properties"][name], values)


def adapt(endpoint: dict[str, Any], method: str, ids: list[int], known: dict[str, list[Any]]) -> None:
    """Say of an operation what the contract does not: what is missing, and what is there."""
    if "parameters" in endpoint or "requestBody" in endpoint:
        endpoint["responses"]["404"] = {
            "description": "There is no such thing.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
    for each in endpoint.get("parameters", ()):
        values = ids if each["name"] == "id" else known.get(each["name"], [])
        if each["in"] == "path":
            # What is deleted must not be missed by the requests that follow.
            values = values[1:4] if method == "delete" else values[:1]
        each["schema"] = with_values(each["schema"], values)
    if endpoint["operationId"] in (examples := bodies(known)):
        endpoint["requestBody"]["content"]["application/json"]["example"] = examples[endpoint["operationId"]]


def adapted(contract: dict[str, Any], team: Team) -> dict[str, Any]:
    """Return the copy of the contract for a sandbox with this team."""
    contract, known = copy.deepcopy(contract), known_values(team)
    name_values(contract, known)
    for path, methods in contract["paths"].items():
        ids = ids_in_path(team, path) if "{id}" in path else []
        for method, endpoint in methods.items():
            adapt(endpoint, method, ids, known)
    return contract


async def prepare(sandbox: Sandbox, clock: VirtualClock) -> Team:
    """Give the first team schedules, which it lacks, and take away the inboxes that break the contract on purpose."""
    team = sandbox.teams[0]
    team.inboxes = [inbox for inbox in team.inboxes if None not in inbox.values()]
    assert team.api_key is not None
    schedule: dict[str, Any] = {"inbox_id": team.inboxes[0]["id"], "execute_at": TOMORROW, "text": "Hello"}
    async with AsyncSession(team.api_key, base_url=sandbox.url, clock=clock) as heymarket:
        for _ in range(4):
            await heymarket.schedules.create(phone_number="14155550150", **schedule)
    sandbox.requests.clear()
    return team


def told(sandbox: Sandbox) -> dict[str, Counter[int | None]]:
    """Print how often each operation answered with which status, and return it."""
    counts: dict[str, Counter[int | None]] = defaultdict(Counter)
    for request in sandbox.requests:
        counts[request.operation or "(none)"][request.status] += 1
    for name, statuses in sorted(counts.items()):
        print(f"{name:36}", *(f"{status}: {count:<5}" for status, count in sorted(statuses.items())))
    return counts


async def main(directory: Path, options: list[str]) -> int:
    contract = yaml.safe_load(CONTRACT.read_text("utf-8"))
    clock = VirtualClock(NOON)
    async with Sandbox(clock=clock, rate_limit=None) as sandbox:
        team = await prepare(sandbox, clock)
        assert team.api_key is not None
        copied = directory / CONTRACT.name
        copied.write_text(yaml.safe_dump(adapted(contract, team), sort_keys=False), "utf-8")
        command = ["-m", "schemathesis.cli", "run", str(copied), f"--url={sandbox.url}", *OPTIONS, *options]
        bearer = f"--header=Authorization: Bearer {team.api_key.key}"
        process = await asyncio.create_subprocess_exec(sys.executable, *command, bearer, cwd=directory)
        found = await process.wait()
        counts = told(sandbox)
    names = {endpoint["operationId"] for methods in contract["paths"].values() for endpoint in methods.values()}
    # Options may leave operations out.
    asked = names & counts.keys() if options else names
    never = sorted(name for name in asked if not counts[name][200])
    failed = sorted(name for name in counts if any(status is None or status >= 500 for status in counts[name]))
    print(f"{len(sandbox.requests)} requests. Never answered 200: {never or 'none'}. Failed: {failed or 'none'}.")
    return int(bool(found or failed or never))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]).resolve(), sys.argv[2:])))
