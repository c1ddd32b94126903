"""Tests that show what they should not, one in each way. `test_canaries` runs them and wants each to fail."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import traceback
import warnings

import aiohttp
import pytest

from heymarket_async import ApiKey, ApiSecret, AsyncSession, Contact, errors
from heymarket_async.resources.messages import Messages
from heymarket_async.sandbox import Reply, Sandbox

KEY = "k3y-0f-the-m0dule"
NUMBER = "+1 (212) 555-0142"
DIGITS = "12125550142"
TEXT = "Your parcel waits at the counter"
LOG = logging.getLogger("heymarket_async.events")
STANDING = ApiKey(KEY)


class Finalized:
    def __del__(self):
        raise ValueError(TEXT)


async def plant(sandbox: Sandbox, session: AsyncSession | None = None) -> str:
    """Send a text, so that number, text and token are known, and return the token."""
    async with session or AsyncSession(sandbox.secret, base_url=sandbox.url) as heymarket:
        await heymarket.messages.send(inbox_id=40001, creator_id=5001, phone_number=NUMBER, text=TEXT)
        return heymarket._engine.account.mint.token()


async def test_control_what_is_masked_does_no_harm(heymarket_sandbox):
    await plant(heymarket_sandbox)
    LOG.debug("Sent to %s", "•••")
    with pytest.raises(errors.ArgumentError):
        raise errors.ArgumentError("phone_number is empty.")


@pytest.mark.quiet
def test_control_nobody_listens_where_a_test_asks_for_that():
    assert not LOG.isEnabledFor(logging.DEBUG)


def test_control_a_log_is_no_louder_for_others(caplog):
    assert LOG.isEnabledFor(logging.DEBUG)
    LOG.debug("unheard")
    LOG.warning("heard")
    assert [record.getMessage() for record in caplog.records] == ["heard"]


async def test_log_message(heymarket_sandbox):
    await plant(heymarket_sandbox)
    LOG.debug("Sent to %s", NUMBER)


async def test_log_message_with_a_number_written_otherwise(heymarket_sandbox):
    await plant(heymarket_sandbox)
    LOG.debug("Sent to 212-555-0142")


async def test_log_message_of_another_logger(heymarket_sandbox):
    await plant(heymarket_sandbox)
    logging.getLogger("aiohttp.client").debug("Sent %r", {"text": TEXT})


async def test_log_argument_that_is_not_shown(heymarket_sandbox):
    await plant(heymarket_sandbox)
    LOG.debug("Sent%.0s", TEXT)


async def test_log_extra(heymarket_sandbox):
    await plant(heymarket_sandbox)
    LOG.debug("Sent", extra={"to": DIGITS})


async def test_log_traceback(heymarket_sandbox):
    await plant(heymarket_sandbox)
    try:
        raise ValueError(TEXT)
    except ValueError:
        LOG.debug("Failed", exc_info=True)


async def test_token_in_a_log(heymarket_sandbox):
    LOG.debug("Signed: %s", await plant(heymarket_sandbox))


async def test_token_that_the_sandbox_got(heymarket_sandbox):
    headers = {"Authorization": "Bearer 0ther-t0ken-of-somebody"}
    async with aiohttp.ClientSession() as http, http.get(f"{heymarket_sandbox.url}/v1/team", headers=headers):
        LOG.debug("It goes with 0ther-t0ken-of-somebody")


def test_secret_in_a_log():
    LOG.debug("Signed with %s", ApiSecret("0b1c", "s3cret-k3y-of-this-test").key)


def test_secret_of_the_module():
    LOG.debug("Signed with %s", KEY)


def test_password_of_a_proxy():
    AsyncSession(ApiKey("anything-at-all"), proxy="http://me:pa55word-of-me@127.0.0.1:8080")
    LOG.debug("By way of pa55word-of-me")


def test_seed_of_the_sandbox():
    LOG.debug("%s", Sandbox().teams[0].members[0]["name"])


async def test_what_the_service_wrote(heymarket_sandbox):
    heymarket_sandbox.script("get_team", Reply(status=400, body=b"Robin Vale may not do this"))
    async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as heymarket:
        with pytest.raises(errors.BadRequest) as caught:
            await heymarket.team.get()
        LOG.debug("Refused: %s", caught.value.text)


async def test_argument_that_was_refused(monkeypatch):
    session = AsyncSession(ApiKey("anything-at-all"))
    with pytest.raises(errors.ArgumentError):
        await Messages(session).send(inbox_id=1, creator_id=1, phone_number="212 5550 142 oh", text=TEXT)
    LOG.debug("Refused: %s", "212 5550 142 oh")


async def test_warning(heymarket_sandbox):
    await plant(heymarket_sandbox)
    with pytest.warns(UserWarning, match="Sent"):
        warnings.warn(f"Sent {TEXT}", UserWarning, stacklevel=1)


async def test_explicit_warning(heymarket_sandbox):
    await plant(heymarket_sandbox)
    with pytest.warns(UserWarning, match="Sent"):
        warnings.warn_explicit(f"Sent {TEXT}", UserWarning, "file.py", 1)


def test_repr(monkeypatch):
    monkeypatch.setattr(ApiKey, "__repr__", lambda self: self.key)
    ApiKey("k3y-in-a-repr")


async def test_repr_of_a_model_that_was_read(monkeypatch, heymarket_sandbox):
    monkeypatch.setattr(Contact, "__repr__", lambda self: f"<{self.phone}>")
    async with AsyncSession(heymarket_sandbox.secret, base_url=heymarket_sandbox.url) as heymarket:
        await heymarket.contacts.list().page()


async def test_repr_of_a_session(monkeypatch, heymarket_sandbox):
    monkeypatch.setattr(AsyncSession, "__repr__", lambda self: self._engine.account.credentials.key)
    await plant(heymarket_sandbox)


async def test_error(heymarket_sandbox):
    await plant(heymarket_sandbox)
    with pytest.raises(errors.ArgumentError):
        raise errors.ArgumentError(f"{NUMBER} is no number.")


async def test_error_that_is_made_and_forgotten(heymarket_sandbox):
    await plant(heymarket_sandbox)
    errors.NeverSent(f"{TEXT} did not leave.")


async def test_error_that_is_kept(heymarket_sandbox):
    await plant(heymarket_sandbox)
    heymarket_sandbox.kept = errors.NeverSent(f"{TEXT} did not leave.")


async def test_error_with_a_note(heymarket_sandbox):
    await plant(heymarket_sandbox)
    errors.NeverSent("It did not leave.").add_note(TEXT)


async def test_error_with_a_cause(heymarket_sandbox):
    await plant(heymarket_sandbox)
    with pytest.raises(errors.NeverSent):
        raise errors.NeverSent("It did not leave.") from ValueError(TEXT)


async def test_error_with_a_hidden_context(heymarket_sandbox):
    await plant(heymarket_sandbox)
    with pytest.raises(errors.NeverSent):
        try:
            int(DIGITS + "x")
        except ValueError:
            raise errors.NeverSent("It did not leave.") from None


async def test_error_with_a_group_behind_it(heymarket_sandbox):
    await plant(heymarket_sandbox)
    with pytest.raises(errors.NeverSent):
        raise errors.NeverSent("It did not leave.") from ExceptionGroup("two", [ValueError(TEXT), OSError()])


async def test_task_that_nobody_asked(heymarket_sandbox):
    await plant(heymarket_sandbox)

    async def fails():
        raise ValueError(TEXT)

    task = asyncio.ensure_future(fails())
    await asyncio.wait([task])
    del task
    gc.collect()


async def test_callback_that_failed(heymarket_sandbox):
    await plant(heymarket_sandbox)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    loop.call_exception_handler({"message": "failed", "exception": ValueError(TEXT)})


@pytest.mark.filterwarnings("ignore")
async def test_finalizer_that_failed(heymarket_sandbox):
    await plant(heymarket_sandbox)
    Finalized()


@pytest.mark.filterwarnings("ignore")
async def test_thread_that_failed(heymarket_sandbox):
    await plant(heymarket_sandbox)
    thread = threading.Thread(target=int, args=(DIGITS + "x",))
    thread.start()
    thread.join()


async def test_traceback_that_was_printed(heymarket_sandbox):
    await plant(heymarket_sandbox)
    try:
        raise ValueError(TEXT)
    except ValueError:
        traceback.print_exc(file=sys.stderr)


@pytest.fixture
async def leaves_late(heymarket_sandbox):
    await plant(heymarket_sandbox)
    yield
    LOG.debug("Sent to %s", NUMBER)


async def test_fixture_that_ends(leaves_late):
    pass
