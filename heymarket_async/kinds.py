"""What can happen at the service, in the words that its webhooks use."""

from __future__ import annotations

from heymarket_async.values import OpenEnum


class EventKind(OpenEnum):
    """What has happened. Watching tells it in the same words as webhooks; others are kept as they are.

    https://developers.heymarket.com/api-reference/webhooks
    """

    MESSAGE_SENT = "message_sent"
    MESSAGE_RECEIVED = "message_received"
    """Webhooks write `message_recieved`, which is understood too."""
    CHAT_OPENED = "chat_opened"
    CHAT_CLOSED = "chat_closed"
    CHAT_PENDING = "chat_pending"
    CHAT_REASSIGNED = "chat_reassigned"
    CHAT_TRANSFERRED = "chat_transferred"
    TARGET_OPT_OUT = "target_opt_out"
    TARGET_OPT_IN = "target_opt_in"
    TARGET_DOUBLE_OPT_IN = "target_double_opt_in"
    TARGET_DOUBLE_OPT_RESTRICTED = "target_double_opt_restricted"
    INCOMING_CALL = "incoming_call"

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        return cls.MESSAGE_RECEIVED if value == "message_recieved" else super()._missing_(value)
