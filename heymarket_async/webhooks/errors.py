"""The errors of webhooks. `heymarket_async.errors` draws the whole tree.

Those of a refusal say to the receiver what was wrong, and to the sender only a status: no text of theirs goes out, and
none holds anything of the body.
"""

from __future__ import annotations

from heymarket_async.errors import HeymarketError


class WebhookError(HeymarketError):
    """A webhook was refused.

    Attributes:
        status: the HTTP status that the sender gets.
    """

    status: int = 400


class WebhookTokenError(WebhookError):
    """The token in the body is none of ours, or there is none."""

    status = 401
    advice = "Compare the verification token in Heymarket's webhook settings with yours. Anybody may have sent this."


class WebhookTooLarge(WebhookError):
    """The body has too many bytes, or is nested too deeply. It was not read."""

    status = 413
    advice = "If the service itself sends so much, raise largest=."


class WebhookNotJson(WebhookError):
    """The body is not JSON."""


class WebhookMisfit(WebhookError):
    """The body is JSON, but not an event.

    Attributes:
        where: the path in the JSON that did not fit, such as `$.event_data.id`.
    """

    def __init__(self, message: str, *, where: str = "$", advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.where = where


class ReceiverError(HeymarketError, RuntimeError):
    """A receiver cannot be used like this."""


class EventStoreError(HeymarketError):
    """The file that keeps events cannot be used. Nothing was overwritten."""
