"""Writes the page on errors, from the classes and from what `tests/promises.py` promises of them.

python docs/errors.py > docs/errors.md
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from building.names import public_names

from heymarket_async import errors
from heymarket_async.errors import HeymarketError
from promises import PROMISES, UNREACHABLE

HEAD = """# Errors

Every error of this library, what was sent when it is raised, and what to do. All of them are a `HeymarketError`. The
last line of an error's traceback leads here.

```python
import asyncio

from heymarket_async import AsyncSession, NotFound
from heymarket_async.sandbox import Sandbox


async def main() -> None:
    async with Sandbox() as sandbox, AsyncSession(sandbox.secret, base_url=sandbox.url) as heymarket:
        try:
            await heymarket.tags.get(1)
        except NotFound as error:
            print(error.message)
            print(error.operation, error.status, error.code, error.attempts)
            print(error.advice)
            print(*error.__notes__)


asyncio.run(main())
```

```text
The service answered 404 not_found.
get_tag 404 not_found 1
Check the id, and that it belongs to the team of these credentials.
See https://heymarket-async.readthedocs.io/en/stable/errors.html#notfound
```

`str(error)` is one line: what happened, the operation, attempts, seconds, the service's request id, and the advice. No
secret, token, phone number or text is in it. What the service wrote is in `error.text`; it may hold personal data, so
keep it out of logs.

A program that sends needs three `except` clauses, in this order:

- `Unsettled`: the text may have gone out. [Look](sending.md#looking) before you send again.
- `NeverSent`, `RateBudgetExceeded` and `RateLimited`: it has not gone out. Send again later.
- `HeymarketError`: it has not gone out, and sending it again unchanged does not help.

"""

# What was sent, by class; a class that is not here is as the one above it.
SENT = {
    "HeymarketError": "It depends on the class.",
    "ConfigurationError": "Nothing.",
    "ArgumentError": "Nothing.",
    "SessionError": "Nothing.",
    "SessionClosed": (
        "By a call that is made later, nothing. A call that was under way may have been performed, unless it sends: a "
        "send that may have gone out ends with `SendUnknown`."
    ),
    "UnknownTeam": "Nothing.",
    "TeamParked": "Nothing.",
    "CursorStalled": "Requests that only read. The items before this point were given.",
    "CheckpointError": "Requests that only read, if any. Nothing was overwritten.",
    "JournalError": "Nothing that the journal does not hold.",
    "WebhookError": "Nothing. No handler sees the event, and the sender hears `error.status` and no more.",
    "ReceiverError": "Nothing.",
    "EventStoreError": "Nothing. What the file holds was left as it is.",
    "CallError": "It depends on the class.",
    "NeverSent": "Nothing reached the service.",
    "TimedOut": "A request that reads or may be repeated. It may have been performed, which does no harm.",
    "ConnectionLost": "A request that reads or may be repeated. It may have been performed, which does no harm.",
    "Unsettled": "A request that may have taken effect. Where it sends, it went out once, and was not repeated.",
    "RateBudgetExceeded": "Nothing.",
    "ReplyError": "A request that the service has answered with a yes. Where it sends, it has probably taken effect.",
    "ApiError": "A request, which the service refused. Nothing took effect, unless the error is also `Unsettled`.",
    "BadRequest": "A request, which the service refused. Nothing took effect.",
    "AuthenticationError": "A request, and one more with a new token. The service refused both: nothing took effect.",
    "PermissionDenied": "A request, which the service refused. Nothing took effect.",
    "NotFound": "A request, which the service refused. Nothing took effect.",
    "Conflict": "A request, which the service refused. Nothing took effect.",
    "UnprocessableEntity": "A request, which the service refused. Nothing took effect.",
    "RateLimited": "Up to three requests, all of them refused. Nothing took effect.",
    "ServerError": "Reads and what may be repeated: up to three requests. A send: one, which may have taken effect.",
    "UnexpectedStatus": "A request, of which nobody can say what became of it. It was not repeated.",
}
# What to do, where the class itself gives no advice: its errors bring advice of their own, or other classes say it.
DO = {
    "HeymarketError": "Catch it where any failure of a call is handled alike. `error.advice` says what to do.",
    "ConfigurationError": "Mend the program, or its settings. The message names the setting and what would be right.",
    "MissingCredentials": "Set the variables that the message names, or pass `ApiSecret(id, key)`.",
    "ArgumentError": "Mend the program. The message names the argument and what would be right.",
    "SessionError": "See the two classes below it.",
    "UnknownTeam": "Look at `fleet.names`, or `fleet.add` the team.",
    "CheckpointError": "The message says what is wrong. Put the right file back, or watch with another store.",
    "JournalError": (
        "The message says what is wrong: another process uses the journal, or it is that of another mailing, or "
        "damaged. Never delete one to get on: who was texted stands in it."
    ),
    "WebhookError": "See the classes below it. A `Receiver` answers by itself; `parse` raises them to its caller.",
    "WebhookNotJson": "Hand over the body as it came. Anybody may have sent this.",
    "WebhookMisfit": "Compare `error.where` with what came: it may be something that the library does not know yet.",
    "ReceiverError": "Open the receiver once, on the loop of your server, and keep it open while it runs.",
    "EventStoreError": "The message says what is wrong. Put the right file back, or name another one.",
    "CallError": "See the classes below it. All of them say which operation failed, and after how many attempts.",
    "TransportError": "See the classes below it.",
    "Unsettled": "`await error.resolve()` looks whether a message is there. See [sending rightly](sending.md).",
    "AnsweredError": "See the classes below it.",
    "ApiError": "See the classes below it. `error.code` is the service's own word for what is wrong, if it sent one.",
}


def every(kind: type[HeymarketError]) -> Iterator[type[HeymarketError]]:
    """Yield a class and all those below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from every(below)


def classes() -> list[type[HeymarketError]]:
    """Return the classes of errors, in the order of the tree that the module draws."""
    public_names()  # which imports all modules, also those that bring classes of their own
    known = {kind.__name__: kind for kind in every(HeymarketError)}
    return [known[name] for name in re.findall(r"(?:├|└)── (\w+)", errors.__doc__ or "")]


def anchor(kind: type[BaseException]) -> str:
    """Return a link to the section of a class, or the name of one of Python's own."""
    ours = issubclass(kind, HeymarketError)
    return f"[{kind.__name__}](#{kind.__name__.lower()})" if ours else f"`{kind.__name__}`"


def sent(kind: type[HeymarketError]) -> str:
    """Return what was sent, by the class or the nearest one above it."""
    return next(SENT[each.__name__] for each in kind.__mro__ if each.__name__ in SENT)


def meaning(kind: type[HeymarketError]) -> str:
    """Return what an error of a class means: its docstring up to its attributes."""
    return " ".join(re.split(r"\n\n(?:Attributes|Args):", inspect.getdoc(kind) or "")[0].split())


def attributes(kind: type[HeymarketError]) -> Iterator[str]:
    """Yield what an error of this class has beside what those above it have."""
    found = re.search(r"Attributes:\n((?:    .*\n?)+)", f"{inspect.getdoc(kind)}\n")
    described = re.findall(r"^    (\w+): ((?:.*\n?)(?:     .*\n?)*)", found[1] if found else "", re.MULTILINE)
    for name, text in described:
        yield f"`{name}`: {' '.join(text.split()).rstrip('.')}"


def faults(kind: type[HeymarketError]) -> Iterator[str]:
    """Yield the faults that end with an error of this class, by the calls that end so."""
    by_calls: dict[str, list[str]] = {}
    for name, promise in {**PROMISES, **UNREACHABLE}.items():
        ends = {"reads": promise.reads, "repeatable writes": promise.writes, "sends": promise.sends}
        met = [calls for calls, end in ends.items() if end.what == kind.__name__]
        if met:
            by_calls.setdefault("all calls" if len(met) == 3 else " and ".join(met), []).append(name)
    for calls, names in by_calls.items():
        yield f"{calls} that meet: {', '.join(names)}"


def section(kind: type[HeymarketError]) -> str:
    """Return what the page says of a class."""
    above = " and ".join(anchor(base) for base in kind.__bases__ if base is not Exception)
    below = ", ".join(anchor(each) for each in classes() if kind in each.__bases__)
    lines = [f"## {kind.__name__}", "", meaning(kind), ""]
    lines += [f"- *It is* a kind of {above}."] if above else []
    lines += [f"- *Kinds of it*: {below}."] if below else []
    lines += [f"- *What was sent*: {sent(kind)}", f"- *What to do*: {kind.advice or DO[kind.__name__]}"]
    has = "; ".join(attributes(kind))
    lines += [f"- *It has* {has}."] if has else []
    met = "; ".join(faults(kind))
    lines += [f"- *In the [table of faults](faults.md)*: {met}."] if met else []
    return "\n".join(lines) + "\n"


def tree() -> str:
    """Return the tree of the classes, as the module draws it, without what it says of each."""
    drawn = (re.match(r"    ([ │]*[├└]── \w+)", line) for line in (errors.__doc__ or "").splitlines())
    return "\n".join(["HeymarketError", *(found[1] for found in drawn if found)])


def page() -> str:
    """Return the page."""
    sections = "\n".join(section(kind) for kind in (HeymarketError, *classes()))
    return f"{HEAD}## The tree\n\n```text\n{tree()}\n```\n\n{sections}"


if __name__ == "__main__":
    print(page(), end="")
