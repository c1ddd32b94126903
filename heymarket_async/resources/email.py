"""Operations on e-mail."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from heymarket_async.arguments import check_addresses, check_id, check_several, check_text, exactly_one, wrong
from heymarket_async.calls import Effect, Operation
from heymarket_async.models.messages import SentMessage
from heymarket_async.resources.base import Resource
from heymarket_async.resources.looking import check_attempts, run_send
from heymarket_async.resources.messages import of_the_team

SEND_EMAIL = Operation(
    name="send_email",
    method="POST",
    path="/v1/email/send",
    effect=Effect.SENDS,
    reply=SentMessage,
    docs="https://developers.heymarket.com/api-reference/messages/send-email",
)

_LONGEST: Final = 10_000_000  # Characters: an HTML text may hold pictures. The vendor names no bound.


class Email(Resource):
    """E-mail from an e-mail inbox. https://developers.heymarket.com/api-reference/messages/send-email"""

    __slots__ = ()

    async def send(
        self,
        *,
        inbox_id: int,
        creator_id: int,
        text: str,
        to: Sequence[str] | None = None,
        cc: Sequence[str] = (),
        conversation_id: int | None = None,
        title: str | None = None,
        raw_text: str | None = None,
        local_id: str | None = None,
        first_tried: datetime | None = None,
    ) -> SentMessage:
        """Send an e-mail, or reply in an e-mail conversation.

        It is made once, or `SendUnknown` says that nobody knows: it is never repeated after it may have gone out.

        Args:
            inbox_id: the e-mail inbox to send from (on the wire `inbox`).
            creator_id: the member who sends.
            text: the body; HTML is allowed.
            to: addresses, for a new conversation.
            cc: further addresses, for a new conversation.
            conversation_id: a conversation to reply in, in place of `to` (on the wire `convo_id`).
            title: the title of a new conversation (on the wire `conv_title`).
            raw_text: the body as plain text, for readers without HTML.
            local_id: your identifier of this send, by which the service knows a repeat; a UUID by default.
            first_tried: when an earlier attempt at this send began, if there was one, by the service's clock
                (`session.service_time()`) or a good one. Then its message is looked for by the `local_id`, for some two
                seconds, and sent only if it is not there.

        Returns:
            What the service says to it, with the `local_id` that was used.

        Raises:
            ArgumentError: an argument makes no sense, or they do not go together. Nothing was sent.
            SendUnknown: it went out, but no answer came back, or it may have gone out before, which a look did not
                tell; `await error.resolve()` looks for it.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/messages/send-email
        """
        first = check_attempts(first_tried, local_id)
        body: dict[str, Any] = {
            "inbox": check_id("inbox_id", inbox_id),
            "creator_id": check_id("creator_id", creator_id),
            "text": check_text("text", text, longest=_LONGEST),
            "local_id": str(uuid.uuid4()) if local_id is None else check_text("local_id", local_id),
        }
        if exactly_one("target", {"to": to, "conversation_id": conversation_id}) == "to":
            recipients = check_addresses("to", to)
            copies = [one for one in check_addresses("cc", cc, at_least=0) if one not in recipients]
            # Such as to:sam@example.com,kim@example.com
            body["targets"] = [f"to:{','.join(recipients)}"] + ([f"cc:{','.join(copies)}"] if copies else [])
        else:
            body["convo_id"] = check_id("conversation_id", conversation_id)
            if check_several("cc", cc, at_least=0):
                raise wrong("cc", "goes with to: a reply goes to those who are in the conversation")
        if title is not None:
            if conversation_id is not None:
                raise wrong("title", "goes with to: a reply keeps the title of its conversation")
            body["conv_title"] = check_text("title", title)
        if raw_text is not None:
            body["raw_text"] = check_text("raw_text", raw_text, longest=_LONGEST)
        return await run_send(
            self._runner, SEND_EMAIL.call(body=body), partial(of_the_team, self._runner), first_tried=first
        )
