"""What docs/comparison.md says of a generated client is so."""

from __future__ import annotations

import importlib
import re
import sys
import time

import pytest

from benchmarks.generated import PACKAGE, generated_client
from docs_blocks import DOCS, blocks_of
from heymarket_async.testing import assert_nobody_texted, assert_texted_once
from sandbox_support import independent_token

pytestmark = pytest.mark.slow

[BLOCK] = [block for block in blocks_of((DOCS / "comparison.md").read_text("utf-8")) if PACKAGE in block.code]
KIM = "15105550101"


@pytest.fixture(scope="module")
def program():
    names: dict = {}
    with generated_client():
        exec(compile(BLOCK.code, "comparison.md", "exec"), names)
        yield names
    for name in [name for name in sys.modules if re.match(rf"{PACKAGE}\b", name)]:
        del sys.modules[name]


@pytest.fixture
def token(heymarket_sandbox):
    return independent_token(heymarket_sandbox.secret, int(time.time()))


async def test_its_example_texts_and_sees_a_refusal(program, heymarket_sandbox, token):
    await program["text_about_an_order"](heymarket_sandbox.url, token, 40001, 5001)
    assert_texted_once(heymarket_sandbox, KIM, text="Your order has shipped.")
    with pytest.raises(RuntimeError, match="refused"):
        await program["text_about_an_order"](heymarket_sandbox.url, token, 40001, 1)
    assert_texted_once(heymarket_sandbox, KIM)


async def test_a_refusal_is_a_return_value_of_it(program, heymarket_sandbox, token):
    body = program["SendMessageRequest"](inbox_id=40001, creator_id=1, phone_number=KIM, text="Hello")
    async with program["AuthenticatedClient"](base_url=heymarket_sandbox.url, token=token) as client:
        answer = await program["send_message"].asyncio(client=client, body=body)
    assert not isinstance(answer, program["SendMessageResponse"])
    assert_nobody_texted(heymarket_sandbox)


async def test_a_null_in_place_of_an_object_is_a_type_error_of_it_for_the_whole_list(program, heymarket_sandbox, token):
    list_inboxes = importlib.import_module(f"{PACKAGE}.api.inboxes.list_inboxes")
    async with program["AuthenticatedClient"](base_url=heymarket_sandbox.url, token=token) as client:
        with pytest.raises(TypeError):
            await list_inboxes.asyncio(client=client)
