"""How commands speak: what they found on stdout, everything else on stderr.

Nothing that the service wrote reaches the terminal as it is: it could hold escape sequences, or markup of rich.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Generator
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.text import Text

from heymarket_async.plain import masked, to_json

# A pipe has no width: whoever reads it wants one line for each thing.
_ENDLESS: Final = 10_000
# In less, rich leaves out columns of a table. The terminal may fold the lines then.
_NARROWEST: Final = 40
_NEVER_SHOWN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the direction of writing, so that a text reads as another one. https://www.unicode.org/reports/tr9/
_TURNS: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_TURN: Final = re.compile(f"[{_TURNS}]")
# What json.dumps leaves as it is, though a terminal would obey it or an encoding would not take it.
_UNSAFE_IN_JSON: Final = re.compile(f"[\x7f-\x9f\u2028\u2029\ud800-\udfff{_TURNS}]")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to `app.run`, where rich would end the process."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


def prepare() -> None:
    """Let the streams of the process write what their encoding lacks as an escape, in place of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def console(*, stderr: bool = False) -> Console:
    """Return a console for the present stdout or stderr. It interprets nothing in the text that it is given."""
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def plain(value: object) -> str:
    """Return text that a terminal shows in place of obeying it: control characters become backslash escapes."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(_escape(char) if _is_unsafe(char) else char for char in text)


def show(what: RenderableType) -> None:
    """Write to stdout, such as a table. Where there is no terminal, nothing is folded to fit one."""
    target = console()
    if target.is_terminal or os.environ.get("COLUMNS"):
        target.width = max(target.width, _NARROWEST)
    else:
        target.width = _ENDLESS
    target.print(what)


def show_json(value: Any) -> None:
    """Write `value` to stdout as JSON; models with the names of the wire."""
    _write_json(to_json(value), indent=2)


def show_json_line(value: Any, *, reveal: bool) -> None:
    """Write `value` to stdout as one line of JSON.

    Args:
        value: anything made of models.
        reveal: show personal values too; otherwise a mask stands for each.
    """
    _write_json(to_json(value) if reveal else masked(value))


def show_text(text: str) -> None:
    """Write a line to stdout as it is, for machines and for pasting."""
    _write(f"{plain(text)}\n")


def show_program(text: str) -> None:
    """Write to stdout what a shell is to run: text of ours, as it is."""
    _write(text)


def note(text: str) -> None:
    """Write a line to stderr."""
    _to_stderr(Text(plain(text)))


def ask(question: str) -> None:
    """Write a question to stderr, and stay on its line."""
    console(stderr=True).print(Text(plain(question)), soft_wrap=True, end="")


def error(message: str, advice: str = "") -> None:
    """Write to stderr what went wrong, and in a second line what to do about it."""
    _to_stderr(Text.assemble(("error:", "bold red"), f" {plain(message)}"))
    if advice:
        note(advice)


def flush() -> None:
    """Write out what is buffered, so that a failure to do so is met here and not when Python ends."""
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison] - None after `>&-`
        sys.stdout.flush()


@contextlib.contextmanager
def quiet_log() -> Generator[None]:
    """Keep the log of the library from the terminal: what it says is shown anyway."""
    log = logging.getLogger("heymarket_async")
    before, log.propagate = log.propagate, False
    handler = logging.NullHandler()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = before


def give_up() -> None:
    """Send to nowhere what a stream has left and cannot write, so that Python does not complain of it at its end."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path of ours
                os.dup2(nowhere.fileno(), stream.fileno())


def _to_stderr(text: Text) -> None:
    console(stderr=True).print(text, soft_wrap=True)


def _write(text: str) -> None:
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison] - None after `>&-`
        sys.stdout.write(text)
        sys.stdout.flush()


def _write_json(value: Any, indent: int | None = None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=not _is_unicode(sys.stdout))
    _write(_UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in _NEVER_SHOWN or bool(_TURN.match(char))


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _is_unicode(stream: Any) -> bool:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name.startswith("utf")
