"""Takes the picture of the terminal: what commands show on one of 110 columns, drawn by a headless Chromium.

Run `python docs/terminal_shot.py`, and look at docs/images/terminal.png.
"""

from __future__ import annotations

import io
import os
import pty
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

IMAGE = Path(__file__).parent / "images" / "terminal.png"
COLUMNS = 110
COMMANDS = (
    "inboxes",
    "conversations --inbox Support",
    'send "+1 910 555 0101" "It\u2019s on its way." --inbox Support --dry-run',
    'send-many bad.csv --text "Hi {first_name}, we open at 9." --inbox Support',
)
PEOPLE = "phone,first_name\n+1 (910) 555-0101,Sam\n1-910-555-0101,Robin\n910 555 0103,Alex\n+1 910 555 0104,\n"


def shown(command: str, folder: str) -> str:
    """Return what a command shows on a terminal, with its colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEYMARKET_")}
    master, slave = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - the commands above
        [sys.executable, "-m", "heymarket_async", *shlex.split(command)],
        cwd=folder,
        env=kept | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    ):
        os.close(slave)
        said = b""
        while True:
            try:
                said += os.read(master, 65_536)
            except OSError:  # The command has ended.
                break
    os.close(master)
    return said.decode().replace("\r", "")


def main() -> None:
    """Run the commands, and draw what they show."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bad.csv").write_text(PEOPLE, "utf-8")
        for command in COMMANDS:
            console.print(Text(f"$ heymarket {command}", style="bold"))
            console.print(Text.from_ansi(shown(command, folder)))
        drawing = Path(folder, "terminal.svg")
        drawing.write_text(console.export_svg(title="heymarket"), "utf-8")
        taking = [f"--screenshot={IMAGE}", "--window-size=1380,1060", drawing.as_uri()]
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"]
        command = ["chromium", *options, *taking]
        subprocess.run(command, check=True, capture_output=True, timeout=60)  # noqa: S603 - whoever runs it has it


if __name__ == "__main__":
    main()
