"""docs/webhooks.md says of events, statuses and settings what the library does, and its apps take webhooks."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import aiohttp

from heymarket_async import webhooks
from heymarket_async.webhooks import Receiver, UnknownEvent
from heymarket_async.webhooks.events import CLASSES
from heymarket_async.webhooks.parsing import LARGEST_BODY
from heymarket_async.webhooks.telling import ReceiverNews
from test_webhook_servers import PATH, on_uvicorn

PAGE = (Path(__file__).parents[1] / "docs" / "webhooks.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TOKEN = "the verification token of the webhook"


def test_it_names_every_type_and_every_class():
    table = PAGE.partition("## Events")[2].partition("All are")[0]
    for kind, cls in CLASSES.items():
        assert f"`{kind}`" in table
        assert f"`{cls.__name__}`" in table
    assert f"`{UnknownEvent.__name__}`" in table


def test_it_names_all_news():
    for news in ReceiverNews.__args__:
        assert f"`{news.__name__}`" in PAGE
        assert hasattr(webhooks, news.__name__)


def test_its_figures_are_those_of_the_library():
    defaults = {name: each.default for name, each in inspect.signature(Receiver).parameters.items()}
    assert f"{LARGEST_BODY // 1024} KB" in PAGE
    assert f"{defaults['window'].total_seconds() / 3600:g} hours" in PAGE
    assert f"{defaults['remember']:,}" in PAGE
    assert defaults["retries"].attempts == 5
    assert "five times in all" in PAGE


def app_of(framework):
    (block,) = [block for block in BLOCKS if f"from {framework}" in block]
    names = {}
    exec(block, names)
    return names["app"]


def test_the_app_of_aiohttp_has_the_path():
    assert [resource.canonical for resource in app_of("aiohttp").router.resources()] == [PATH]


async def test_the_app_of_starlette_takes_webhooks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = {"type": "message_sent", "id": 1, "token": TOKEN, "event_data": {"id": 1}}
    async with on_uvicorn(app_of("starlette")) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        for sent, status in ((body, 200), ({**body, "token": "a guess"}, 401)):
            async with client.post(PATH, json=sent) as answer:
                assert answer.status == status
    assert (tmp_path / "events.db").exists()
