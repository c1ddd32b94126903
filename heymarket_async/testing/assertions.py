"""Who was texted, and what to look at if it was somebody else. What was scheduled and is due by now has gone out."""

from __future__ import annotations

from collections.abc import Sequence

from heymarket_async.arguments import wrong
from heymarket_async.phones import normal_phone
from heymarket_async.sandbox import Received, Sandbox, Sent

_LATEST_SENT = 20
_LATEST_ASKED = 5


def assert_texted_once(sandbox: Sandbox, phone_number: str, *, text: str | None = None) -> Sent:
    """See that exactly one text went out to a number, whatever went out to others.

    Args:
        sandbox: the sandbox that the program has talked to.
        phone_number: the number, in any usual writing.
        text: what the text must say; None for anything.

    Returns:
        The text.

    Raises:
        AssertionError: none went out, or several, or another. The message shows numbers and texts, as they are of your
            own test.
        ArgumentError: it is no phone number.
    """
    return assert_texted(sandbox, phone_number, times=1, text=text)[0]


def assert_texted(sandbox: Sandbox, phone_number: str, *, times: int, text: str | None = None) -> tuple[Sent, ...]:
    """See that so many texts went out to a number. For the rest see `assert_texted_once`.

    Args:
        sandbox: the sandbox that the program has talked to.
        phone_number: the number, in any usual writing.
        times: how many texts.
        text: what each must say; None for anything.

    Returns:
        The texts, oldest first.
    """
    if isinstance(times, bool) or not isinstance(times, int) or times < 0:
        raise wrong("times", f"must be an int from 0 on, not {times!r}")
    if text is not None and not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
        raise wrong("text", f"must be a str, not {type(text).__name__}")
    number = normal_phone(phone_number)
    found = tuple(sent for sent in _sent(sandbox) if sent.to == number)
    if len(found) != times:
        raise AssertionError(f"{phone_number} was texted {_times(len(found))}, not {_times(times)}.{_facts(sandbox)}")
    if text is not None and any(sent.text != text for sent in found):
        raise AssertionError(f"{phone_number} was texted something else than {text!r}.{_facts(sandbox)}")
    return found


def assert_nobody_texted(sandbox: Sandbox) -> None:
    """See that no text and no e-mail went out to anybody.

    Args:
        sandbox: the sandbox that the program has talked to.

    Raises:
        AssertionError: one did.
    """
    if any(_sent(sandbox)):
        raise AssertionError(f"Somebody was texted.{_facts(sandbox)}")


def _sent(sandbox: Sandbox) -> Sequence[Sent]:
    if not isinstance(sandbox, Sandbox):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a checker
        raise wrong("sandbox", f"must be a Sandbox, not {type(sandbox).__name__}", "Pass heymarket_sandbox.")
    sandbox.tick()
    return [sent for team in sandbox.teams for sent in team.sent]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times" if count else "not at all"


def _facts(sandbox: Sandbox) -> str:
    """Return what one wants to know next: what went out, what will, what was asked, which faults have not come yet."""
    sent, asked = _sent(sandbox), sandbox.requests
    lines = [
        _heading("What went out", len(sent), _LATEST_SENT) if sent else "Nothing went out to anybody.",
        *(f"  to {each.to}: {each.text!r} (message {each.message_id})" for each in sent[-_LATEST_SENT:]),
        _heading("What was asked", len(asked), _LATEST_ASKED) if asked else "The sandbox has seen no request.",
        *map(_answer, asked[-_LATEST_ASKED:]),
    ]
    waiting = sum(len(team.schedules) for team in sandbox.teams)
    missed = [code for team in sandbox.teams for _, code in team.book.missed]
    lines += [f"Scheduled and not due yet: {waiting}."] * bool(waiting)
    lines += [f"Scheduled, due, and not sent: {', '.join(missed)}."] * bool(missed)
    lines += [f"Ordered answers that have not come yet: {sandbox.scripted}."] * bool(sandbox.scripted)
    return "".join(f"\n{line}" for line in lines)


def _answer(request: Received) -> str:
    performed = "" if request.performed else ", not performed"
    return f"  {request.operation or request.path} -> {request.status or 'no answer'}{performed}"


def _heading(what: str, count: int, most: int) -> str:
    return f"{what}, the latest {most} of {count}:" if count > most else f"{what}:"
