"""How the sandbox says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NOTHING: Final[Mapping[str, str]] = {}


class Refusal(Exception):
    """An answer other than success.

    No page of the vendor shows an error body, so the shape here is a guess: that of its separate n8n surface,
    `{"error_code": "...", "message": "..."}`.

    Args:
        status: the HTTP status.
        code: one word for the reason, such as `expired_token`; distinct for each reason.
        message: one sentence for people. It never holds a token, nor a text of the request
            other than the name of a key.
        headers: further headers of the answer.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] = NOTHING) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers

    @property
    def body(self) -> dict[str, str]:
        """The JSON body of the answer."""
        return {"error_code": self.code, "message": self.message}


class Missing(Refusal):
    """The refusal of an id, or a number, for which there is nothing.

    Whether the service answers 404 is not known: `Variants.unknown_id` decides.

    Args:
        code: one word for the reason.
        message: one sentence for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(404, code, message)


def bad_data(message: str) -> Refusal:
    """Return the refusal of malformed input: `bad_data` is the vendor's name for 400."""
    return Refusal(400, "bad_data", message)


def failure() -> Refusal:
    """Return the refusal for which the request is not to blame."""
    return Refusal(500, "internal_error", "The sandbox failed; its log says why.")
