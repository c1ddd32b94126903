"""The models of the replies that come in numbers, by the nouns of their records."""

from __future__ import annotations

from typing import Any

from heymarket_async.models.contacts import Contact
from heymarket_async.models.conversations import Conversation
from heymarket_async.models.inboxes import Inbox
from heymarket_async.models.messages import Message

MODELS: dict[str, Any] = {"inboxes": Inbox, "messages": Message, "conversations": Conversation, "contacts": Contact}
