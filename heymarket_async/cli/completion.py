"""`heymarket completion`."""

from __future__ import annotations

from typing import Final, Literal

from heymarket_async.cli import output

EXAMPLES: Final = """Examples:

    heymarket completion bash > ~/.local/share/bash-completion/completions/heymarket
    heymarket completion zsh > ~/.zfunc/_heymarket
    heymarket completion fish > ~/.config/fish/completions/heymarket.fish

For zsh, `fpath+=~/.zfunc` must stand before `compinit` in ~/.zshrc. Begin a new shell to use it."""


def completion(shell: Literal["bash", "zsh", "fish", "powershell"]) -> None:
    """Print what makes a shell complete the commands and options of this one.

    Args:
        shell: Which shell.
    """
    # Imported here because the command is part of it.
    from heymarket_async.cli.app import app

    output.show_program(app.generate_completion(prog_name="heymarket", shell=shell))
