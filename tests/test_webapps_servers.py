"""What the page on web apps shows for Django, gunicorn, Flask and Celery runs there."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys

import pytest

from docs_blocks import DOCS, blocks_of
from heymarket_async.sandbox import Ordinary, Reset, Sandbox
from heymarket_async.testing import assert_texted_once, faults
from running_examples import EXAMPLES, HOOK, environment, free_ports, running_python

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="gunicorn and Celery fork")]

BLOCKS = [block for block in blocks_of((DOCS / "webapps.md").read_text("utf-8")) if block.language == "python"]
# A file is named in the paragraph above its code.
FILES = {found[1]: block.code for block in BLOCKS if (found := re.match(r"(?:.*, )?`(\w+\.py)`", block.above))}
SHOWN = [block for block in BLOCKS if block.above.startswith("<!-- examples/")]
KIM = "+15105550121"
SETTINGS = """
SECRET_KEY = "for a test"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
USE_TZ = True
"""
URLS = f"""
import views
from django.urls import path

urlpatterns = [path("{HOOK.removeprefix("/")}", views.webhook), path("health", views.inboxes)]
"""
TO_BROKER = 'app.conf.broker_transport_options = {"data_folder_in": "queue", "data_folder_out": "queue"}'


@pytest.fixture
async def sandbox():
    async with Sandbox() as sandbox:
        yield sandbox


def text_to(phone, local_id):
    return {
        "local_id": local_id,
        "inbox_id": 40001,
        "creator_id": 5001,
        "phone_number": phone,
        "text": "See you at nine.",
    }


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


def test_each_block_of_the_page_is_part_of_an_example_or_a_file_that_is_run_here():
    assert len(SHOWN) + len(FILES) == len(BLOCKS)
    assert [*FILES] == ["texting.py", "asgi.py", "views.py", "flask_app.py", "tasks.py"]


async def test_django_takes_webhooks_and_calls_with_one_session(sandbox, tmp_path):
    files = {name: FILES[name] for name in ("texting.py", "asgi.py", "views.py")}
    for name, code in {**files, "settings.py": SETTINGS, "urls.py": URLS}.items():
        (tmp_path / name).write_text(code, "utf-8")
    port = free_ports(1)
    command = ("-m", "uvicorn", "asgi:application", "--port", str(port))
    async with running_python(*command, sandbox=sandbox, folder=tmp_path, port=port) as django:
        await django.up(0)
        assert (await django.get("/health"))[1]["inboxes"][0] == "Support"
        sandbox.webhooks.add(django.url(HOOK), token="whk-example-3c51")
        sandbox.teams[0].receive(40001, KIM, "Are you open?")
        await sandbox.webhooks.settled()
        assert {delivery.outcome for delivery in sandbox.webhooks.deliveries} == {"delivered"}
        code, _, said = await django.end()
    assert "Traceback" not in said, said
    assert code in (0, -15)


@pytest.mark.parametrize("preload", [(), ("--preload",)], ids=["each worker loads", "loaded before the fork"])
@pytest.mark.parametrize("app", ["flask", "starlette", "aiohttp"])
async def test_gunicorn_serves_and_ends_in_order(sandbox, tmp_path, app, preload):
    for name in ("webapp.py", "playground.py", "starlette_app.py", "aiohttp_app.py"):
        shutil.copy(EXAMPLES / name, tmp_path)
    (tmp_path / "flask_app.py").write_text(FILES["flask_app.py"], "utf-8")
    served = {
        "flask": ("--workers", "2", "flask_app:app"),
        "starlette": ("--worker-class", "asgi", "--workers", "2", "starlette_app:create_app()"),
        # It takes webhooks too, and these are for one process.
        "aiohttp": ("--worker-class", "aiohttp.GunicornWebWorker", "aiohttp_app:create_app()"),
    }[app]
    port = free_ports(1)
    command = ("-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *preload, *served)
    async with running_python(*command, sandbox=sandbox, folder=tmp_path, port=port) as gunicorn:
        sandbox.script("send_message", Ordinary(), Reset(effect=True))
        async with asyncio.timeout(60):
            while True:
                try:
                    assert (await gunicorn.post("/texts", {"local_id": 5}))[0] == 400
                    break
                except OSError:
                    assert gunicorn.process.returncode is None
                    await asyncio.sleep(0.05)
        for number in range(6):
            status, told = await gunicorn.post("/texts", text_to(f"+1510555011{number}", f"reminder-{number}"))
            assert (status, told) == (200, {"id": sandbox.teams[0].sent[number].message_id})
        assert (await gunicorn.post("/texts", text_to("1", "none")))[0] == 400
        code, _, said = await gunicorn.end()
    assert (code, "Traceback" in said, "Warning" in said) == (0, False, False), said
    assert len(sandbox.teams[0].sent) == 6


async def test_a_task_of_celery_texts_once_and_fails_where_nobody_knows(sandbox, tmp_path):
    (tmp_path / "queue").mkdir()
    (tmp_path / "control").mkdir()
    soon = FILES["tasks.py"].replace("countdown=60", "countdown=0")
    (tmp_path / "tasks.py").write_text(f"{soon}\n{TO_BROKER}\n", "utf-8")
    sandbox.script("send_message", faults.too_many(retry_after=0), times=3)  # So the task is tried again.
    sandbox.script("send_message", faults.answer_lost(), faults.request_lost())
    numbers = [f"+1510555011{number}" for number in range(2)]
    command = ("-m", "celery", "--app", "tasks", "worker", "--concurrency", "1", "--loglevel", "INFO")
    broker = {"BROKER_URL": "filesystem://"}
    async with running_python(*command, sandbox=sandbox, folder=tmp_path, port=0, **broker) as worker:
        for number in numbers:
            call = f"import tasks; tasks.text.delay(**{text_to(number, f'local-{number}')!r})"
            asking = (sys.executable, "-c", call)
            await asyncio.to_thread(
                subprocess.run,
                asking,
                cwd=tmp_path,
                env=environment(sandbox, tmp_path, **broker),
                check=True,
                timeout=60,
            )
            await until(lambda: sandbox.teams[0].sent)
        await until(lambda: not sandbox.scripted)
        code, out, said = await worker.end()
    assert code == 0, said
    assert_texted_once(sandbox, numbers[0])
    assert len(sandbox.teams[0].sent) == 1
    log = out + said
    assert log.count("succeeded") == 1
    assert "retry" in log.lower()
    assert "SendUnknown" in log
    assert not any(number in log for number in numbers)
