"""Whatever anybody sends to a receiver: nothing escapes, nothing is taken in that should not be, memory is bounded.

`--full` sends 100,000 bodies; otherwise it is 5,000. One run again: `SEED=1234 pytest` and the name of this file.
"""

from __future__ import annotations

import json
import os
import random
import tracemalloc
from collections import Counter

import pytest

from heymarket_async.clock import VirtualClock
from heymarket_async.webhooks import Receiver
from heymarket_async.webhooks.parsing import LARGEST_BODY
from webhook_support import EXAMPLES, TOKEN, Notes, example_of

KINDS = sorted(path.name.split(".")[1] for path in EXAMPLES.glob("webhook.*.json"))
ODD = (None, True, False, 0, -1, 1.5, 10**30, "", " ", "x", "\ud800", "\0", [], {}, [[]], {"": {}}, "9" * 400, "\u202e")
REFUSED = (400, 401, 413)


class Hostile:
    """Makes bodies that no service would send.

    Args:
        seed: of chance.
    """

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.records = [example_of(kind) for kind in KINDS]
        # Of those that hold the token, the events may be good all the same.
        self.makers = {
            "wrong token": self.wrong_token,
            "no token": self.no_token,
            "token elsewhere": self.token_elsewhere,
            "token of another type": self.token_of_another_type,
            "wrong token, odd types": lambda: self.dumped(
                self.with_odd_types({**self.record(), "token": self.token()})
            ),
            "cut short": self.cut,
            "not UTF-8": self.not_utf8,
            "another encoding": self.another_encoding,
            "bytes": lambda: self.chance.randbytes(self.chance.choice([0, 1, 10, 1000])),
            "deep": self.deep,
            "huge": self.huge,
            "no object": self.no_object,
            "brackets": self.brackets,
            "odd types": lambda: self.dumped(self.with_odd_types(self.record())),
            "flipped bytes": self.flipped,
        }
        self.may_be_good = {"odd types", "flipped bytes"}

    def record(self):
        return dict(self.chance.choice(self.records))

    def dumped(self, record):
        return json.dumps(record, ensure_ascii=self.chance.random() < 0.9).encode("utf-8", "surrogatepass")

    def token(self):
        at = self.chance.randrange(len(TOKEN))
        return self.chance.choice(
            [
                "",
                TOKEN[:at],
                TOKEN[:at] + self.chance.choice("abc\0 ") + TOKEN[at:],
                TOKEN[:at] + chr(ord(TOKEN[at]) ^ 1) + TOKEN[at + 1 :],
                TOKEN.swapcase(),
                TOKEN * 2,
                TOKEN + "\u200b",
                "".join(self.chance.choices(TOKEN, k=len(TOKEN) + 1)),
            ]
        )

    def wrong_token(self):
        return self.dumped({**self.record(), "token": self.token()})

    def no_token(self):
        record = self.record()
        del record["token"]
        return self.dumped(record)

    def token_elsewhere(self):
        record = self.record()
        del record["token"]
        key = self.chance.choice(["Token", "TOKEN", "verification_token", " token", "token\0", "event_data"])
        return self.dumped({**record, key: {"token": TOKEN} if key == "event_data" else TOKEN})

    def token_of_another_type(self):
        token = self.chance.choice([None, True, 5, 1.5, [TOKEN], {"token": TOKEN}, {}, [], [[TOKEN]]])
        return self.dumped({**self.record(), "token": token})

    def with_odd_types(self, value, share=0.2):
        if isinstance(value, dict):
            return {
                key if self.chance.random() > share / 4 else self.chance.choice(["x", "", "\0", "id"]): (
                    each
                    if key == "token"
                    else self.chance.choice(ODD)
                    if self.chance.random() < share
                    else self.with_odd_types(each, share)
                )
                for key, each in value.items()
            }
        if isinstance(value, list):
            return [self.with_odd_types(each, share) for each in value] * self.chance.choice([0, 1, 1, 3])
        return value

    def cut(self):
        body = json.dumps(self.record()).encode()
        return body[: self.chance.randrange(len(body))]

    def not_utf8(self):
        body = json.dumps(self.record()).encode()
        at = self.chance.randrange(1, len(body))
        return body[:at] + self.chance.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5", b"\x80"]) + body[at:]

    def another_encoding(self):
        text = json.dumps(self.record())
        return text.encode(self.chance.choice(["utf-16", "utf-16-le", "utf-32", "utf-32-be", "utf-7", "cp037"])) + b"\0"

    def deep(self):
        depth = self.chance.choice([40, 100, 1000, 20_000])
        opening, closing = self.chance.choice([("[", "]"), ('{"a":', "}"), ('[{"":', "}]")])
        inner = opening * depth + ("1" if ":" in opening else "") + closing * self.chance.choice([depth, depth - 1, 0])
        return f'{{"token": "{TOKEN}", "type": "message_sent", "id": 1, "event_data": {inner}}}'.encode()

    def huge(self):
        filler = self.chance.choice(["x", "[", '"', "\\", " ", "9", "[],"]) * (LARGEST_BODY + self.chance.randrange(9))
        return self.chance.choice([filler.encode(), self.dumped({**self.record(), "more": filler})])

    def no_object(self):
        return self.dumped(self.chance.choice([*ODD, [self.record()], "x" * 5000, [1] * 5000]))

    def brackets(self):
        return "".join(self.chance.choices('[]{}",:\\1 ', k=self.chance.choice([50, 500, 20_000]))).encode()

    def flipped(self):
        body = bytearray(json.dumps(self.record()).encode())
        for _ in range(self.chance.choice([1, 2, 10])):
            body[self.chance.randrange(len(body))] ^= 1 << self.chance.randrange(8)
        return bytes(body)


@pytest.mark.mixed
@pytest.mark.slow
async def test_nothing_hostile_escapes_or_is_taken_in(full, caplog):
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    number = 100_000 if full else 5_000
    hostile, notes, answers = Hostile(seed), Notes(), Counter()
    receiver = Receiver(TOKEN, clock=VirtualClock(), remember=1000)
    receiver.on()(notes)
    names = list(hostile.makers)
    async with receiver:
        for turn in range(2):
            for at in range(number // 2):
                name = names[at % len(names)]
                body = hostile.makers[name]()
                answer = await receiver.accept(body)
                answers[name, answer.status] += 1
                assert answer.body == b""
                if name not in hostile.may_be_good:
                    assert answer.status in REFUSED, f"seed {seed}: {name}: {body[:2000]!r}"
            await receiver.settle()
            if turn == 0:  # From here on, nothing more may be kept.
                notes.events.clear()
                tracemalloc.start()
                before = tracemalloc.get_traced_memory()[0]
            else:
                notes.events.clear()
                grown = tracemalloc.get_traced_memory()[0] - before
                tracemalloc.stop()
    assert {status for _, status in answers} == {200, 400, 401, 413}
    assert grown < 3_000_000, f"seed {seed}"
    assert len(caplog.records) < 100
    print(f"seed {seed}: {number} bodies, {grown / 1e6:.2f} MB more, {dict(receiver.stats.refused)} refused")
