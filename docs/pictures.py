"""Takes the picture of the terminal: real commands run in a terminal of their own, against the sandbox.

python docs/pictures.py

It needs the extra `cli`, and a system with pseudo-terminals.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import shlex
import signal
import struct
import sys
import termios
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

IMAGES = Path(__file__).parent / "images"
WIDTH = 100
# Commands, and for those that do not end by themselves, the seconds after which they hear Ctrl-C.
COMMANDS = {
    "heymarket inboxes": None,
    'heymarket send "+1 910 555 0101" "It\u2019s on its way." --inbox Support --dry-run': None,
    "heymarket watch messages conversations --every 1": 9.0,
}
# A frame, and no fonts from elsewhere: `rich` would name a server of them.
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px; \
line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""
CONTROL = re.compile(r"\x1b\[\??([\d;]*)([A-Za-z])|\r\n|\r|\n")


def output_of(command: str, seconds: float | None) -> str:
    """Run a command in a terminal, without credentials in its environment.

    Args:
        command: as a person types it.
        seconds: after how many it hears Ctrl-C; None where it ends by itself.

    Returns:
        What it has written until then.
    """
    process, terminal = pty.fork()
    if process == 0:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("HEYMARKET_")}
        words = shlex.split(command)[1:]
        arguments = [sys.executable, "-m", "heymarket_async", *words]
        os.execve(sys.executable, arguments, ours | {"TERM": "xterm-256color"})  # noqa: S606 - in this terminal
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    written, at_ctrl_c, end = b"", b"", time.monotonic() + (seconds or 60.0)
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            os.kill(process, signal.SIGINT)
            at_ctrl_c, end = written, end + 10.0
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody holds the other side any more
            piece = b""
        if not piece:
            break
        written += piece
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    if status:
        raise SystemExit(f"{command} failed:\n{written.decode()}")
    return (at_ctrl_c or written).decode("utf-8")


def screen(written: str) -> str:
    """Return what stands on the screen in the end: lines are cleared and written anew, as live tables do."""
    lines, row, begin = [""], 0, 0
    for found in CONTROL.finditer(written):
        lines[row] += written[begin : found.start()]
        begin = found.end()
        if found[0].endswith("\n"):
            row += 1
            lines += [""] * (row == len(lines))
        elif found[2] == "A":
            row = max(0, row - int(found[1] or 1))
        elif found[2] == "K":
            lines[row] = ""
        elif found[2] == "m":
            lines[row] += found[0]
    return "\n".join(line.rstrip() for line in lines).rstrip()


def main() -> None:
    """Write the picture."""
    console = Console(
        width=WIDTH,
        file=io.StringIO(),
        record=True,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    for command, seconds in COMMANDS.items():
        console.print(Text.assemble(("$ ", "dim"), (command, "bold")))
        console.print(Text.from_ansi(screen(output_of(command, seconds))))
        console.print()
    console.save_svg(str(IMAGES / "terminal.svg"), title="", theme=MONOKAI, code_format=SVG, unique_id="terminal")


if __name__ == "__main__":
    main()
