"""The page of the FastAPI example in a real browser: click, type, and see the answer come."""

from __future__ import annotations

import pytest

from browser import CONTRAST, chromium, program
from heymarket_async.sandbox import Reply, Reset, Sandbox, Variants
from running_examples import HOOK, TOKEN, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(program() is None, reason="there is no Chromium: apt-get install chromium"),
]
LIVE = (
    "document.getElementById('state')?.textContent === 'Live' && document.querySelectorAll('#messages li').length > 0"
)
THEIRS = "[...document.querySelectorAll('#messages li.theirs')].map(item => item.firstChild.textContent)"
OURS = "[...document.querySelectorAll('#messages li.ours')].map(item => item.firstChild.textContent)"
TOLD = "document.getElementById('told').textContent"


@pytest.fixture
async def sandbox():
    async with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
async def page(sandbox, tmp_path):
    """The page, open in a browser, with the sandbox of the test in place of the service."""
    async with running("fastapi_app.py", sandbox, tmp_path) as example:
        sandbox.webhooks.add(example.url(HOOK), token=TOKEN)
        await example.up(0)
        async with chromium() as page:
            await page.open(example.url("/"))
            await page.until(LIVE)
            page.example = example
            yield page


async def write(page, text, phone=None):
    """Write and send as a person does."""
    if phone is not None:
        await page.value("document.getElementById('phone').value = ''")
        await page.click("#phone")
        await page.type(phone)
    await page.click("#text")
    await page.press("End", 35)
    await page.type(text)
    await page.click("#send")


async def test_a_text_is_sent_and_the_answer_comes_by_itself(tmp_path):
    """As anybody sees it who starts the example: on a sandbox of its own, whose customers answer."""
    async with running("fastapi_app.py", None, tmp_path) as example, chromium() as page:
        await example.up(0)
        await page.open(example.url("/"))
        await page.until(LIVE)
        before = await page.value(THEIRS)
        await write(page, "Your table is ready.")
        assert "Your table is ready." in await page.until(f"{OURS}.at(-1) === 'Your table is ready.' && {OURS}")
        after = await page.until(f"{THEIRS}.length > {len(before)} && {THEIRS}")
        assert after[: len(before)] == before
        assert await page.value("document.querySelector('#chats [aria-current] small').textContent") == after[-1]
        assert await page.value("document.getElementById('text').value") == ""
    assert page.problems == []


async def test_a_text_to_a_new_number_begins_a_conversation(page, sandbox):
    await write(page, "Welcome!", "+1 (510) 555-0177")
    await page.until(f"{OURS}.includes('Welcome!')")
    assert [sent.to for sent in sandbox.teams[0].sent] == ["15105550177"]
    assert await page.value("document.querySelector('#chats [aria-current]').firstChild.textContent") == "+15105550177"
    assert page.problems == []


async def test_who_writes_for_the_first_time_comes_up_and_other_inboxes_cost_no_request(page, sandbox):
    team = sandbox.teams[0]
    before = len(sandbox.requests)
    for number in range(20):
        team.receive(40002, "15105550188", f"To sales {number}")
    team.receive(40001, "15105550189", "To support")
    names = "[...document.querySelectorAll('#chats button')].map(each => each.firstChild.textContent)"
    assert (await page.until(f"{names}.includes('+15105550189') && {names}"))[0] == "+15105550189"
    assert "+15105550188" not in await page.value(names)
    # One list: its pages, and a look whether it has changed meanwhile.
    assert {request.operation for request in sandbox.requests[before:]} == {"list_conversations"}
    assert len(sandbox.requests) - before <= 4


async def test_when_the_server_comes_back_the_page_goes_on(page, sandbox, tmp_path):
    assert (await page.example.end())[0] == 0
    await page.until("document.getElementById('state').textContent === 'Connecting'")
    sandbox.teams[0].receive(40001, "15105550189", "While you were away")
    async with running("fastapi_app.py", sandbox, tmp_path, port=page.example.port):
        await page.until(LIVE)
        await page.until("document.querySelector('#chats small').textContent === 'While you were away'")


async def test_what_a_customer_writes_is_text_and_nothing_else(page, sandbox):
    evil = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    team = sandbox.teams[0]
    await page.click("#chats li:last-child button")
    phone = await page.until("document.getElementById('phone').value")
    team.receive(40001, phone.removeprefix("+"), evil)
    assert await page.until(f"{THEIRS}.find(text => text.includes('onerror'))") == evil
    assert await page.value("document.title") == "Conversations"
    assert page.problems == []


@pytest.mark.parametrize("repeat", ["same", "none"])
async def test_a_click_too_many_and_a_lost_answer_text_nobody_twice(page, sandbox, repeat):
    sandbox.variants = Variants(repeat=repeat)
    # The text goes out, its answer is lost, and so is every look for it.
    sandbox.script("send_message", Reset(effect=True))
    sandbox.script("get_message_history", Reply(500), times=9)
    await write(page, "It has shipped.")
    await page.until(f"{TOLD}.length > 0")
    assert len(sandbox.teams[0].sent) == 1
    assert await page.value("document.getElementById('text').value") == "It has shipped."
    sandbox.clear_script()
    await page.click("#send")
    await page.click("#send")
    await page.until("document.getElementById('text').value === ''")
    assert [sent.text for sent in sandbox.teams[0].sent] == ["It has shipped."]


async def test_another_text_after_a_lost_answer_goes_out_and_the_first_is_still_known(page, sandbox):
    sandbox.variants = Variants(repeat="none")
    sandbox.script("send_message", Reset(effect=True))
    sandbox.script("get_message_history", Reply(500), times=9)
    await write(page, "It has shipped.")
    await page.until(f"{TOLD}.length > 0")
    sandbox.clear_script()
    await write(page, " Today.")
    await page.until("document.getElementById('text').value === ''")
    assert [sent.text for sent in sandbox.teams[0].sent] == ["It has shipped.", "It has shipped. Today."]
    await write(page, "It has shipped.")  # As somebody does who has seen that it failed.
    await page.until("document.getElementById('text').value === ''")
    assert len(sandbox.teams[0].sent) == 2


async def test_a_wrong_number_is_said_and_nothing_is_sent(page, sandbox):
    await write(page, "Hello", "12")
    assert "phone_number" in await page.until(TOLD)
    assert not sandbox.teams[0].sent


async def test_it_can_be_used_by_keyboard_and_by_ear(page, sandbox):
    names = await page.names()
    for known in [
        ("navigation", "Conversations"),
        ("combobox", "Inbox"),
        ("log", "Messages"),
        ("textbox", "To"),
        ("textbox", "Text"),
        ("button", "Send"),
        ("status", ""),
    ]:
        assert known in names
    await page.value("document.querySelector('#chats button').focus()")
    await page.press("Enter", 13)
    await page.value("document.getElementById('text').focus()")
    await page.type("By keyboard")
    await page.press("Enter", 13)
    await page.until(f"{OURS}.includes('By keyboard')")
    assert len(sandbox.teams[0].sent) == 1


async def test_words_stand_out_from_their_ground_in_both_themes(page):
    """By the Web Content Accessibility Guidelines, 4.5 to 1 at least."""
    ratio_of_each = f"""(() => {{ {CONTRAST}
      return Object.fromEntries(
        ["h1", "#state", "label", "#chats button", "#chats small", "#chats [aria-current] small",
         ".theirs", ".theirs time", ".ours", ".ours time", "#send", "#told", "#text", "#phone"]
        .map(name => [name, contrast(document.querySelector(name))]));
    }})()"""
    for dark in (False, True):
        await page.look(dark=dark)
        ratios = await page.value(ratio_of_each)
        assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}, f"dark: {dark}"


async def test_it_fits_on_a_telephone(page):
    await page.look(width=360, height=640)
    assert await page.value("document.documentElement.scrollWidth <= 360")
    assert await page.value("document.getElementById('send').getBoundingClientRect().right <= 360")
