"""Operations on conversations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from heymarket_async.arguments import (
    check_count,
    check_flag,
    check_id,
    check_ids,
    check_time,
    exactly_one,
    rfc3339,
)
from heymarket_async.calls import Effect, Operation, TimeCursor
from heymarket_async.models.conversations import Conversation
from heymarket_async.paging import Pager
from heymarket_async.resources.base import Resource
from heymarket_async.values import Acknowledgement

LIST_CONVERSATIONS = Operation(
    name="list_conversations",
    method="POST",
    path="/v1/conversations",
    effect=Effect.READS,
    reply=tuple[Conversation, ...],
    envelope=("conversations",),
    paging=TimeCursor(key="date", by="updated"),
    docs="https://developers.heymarket.com/api-reference/conversations/list",
)
COUNT_CONVERSATIONS = Operation(
    name="count_conversations",
    method="POST",
    path="/v1/conversations/count",
    effect=Effect.READS,
    reply=int,
    envelope=("count", "total"),
    docs="https://developers.heymarket.com/api-reference/conversations/list",
)
GET_CONVERSATION = Operation(
    name="get_conversation",
    method="GET",
    path="/v1/conversations/{id}",
    effect=Effect.READS,
    reply=Conversation,
    docs="https://developers.heymarket.com/api-reference/conversations/get",
)
OPEN_CONVERSATION = Operation(
    name="open_conversation",
    method="POST",
    path="/v1/conversations/open",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/conversations/open-close",
)
CLOSE_CONVERSATION = Operation(
    name="close_conversation",
    method="POST",
    path="/v1/conversations/close",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/conversations/close",
)
MARK_CONVERSATION_READ = Operation(
    name="mark_conversation_read",
    method="POST",
    path="/v1/conversations/read",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/conversations/mark-read",
)
MARK_CONVERSATION_UNREAD = Operation(
    name="mark_conversation_unread",
    method="POST",
    path="/v1/conversations/unread",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/conversations/mark-read",
)
REASSIGN_CONVERSATION = Operation(
    name="reassign_conversation",
    method="POST",
    path="/v1/conversations/reassign",
    effect=Effect.REPEATABLE,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/conversations/reassign",
)
TRANSFER_CONVERSATION = Operation(
    name="transfer_conversation",
    method="POST",
    path="/v1/conversations/transfer",
    effect=Effect.SENDS,
    reply=Acknowledgement,
    docs="https://developers.heymarket.com/api-reference/conversations/transfer",
)


class Conversations(Resource):
    """Conversations between inboxes and contacts. https://developers.heymarket.com/concepts/conversations"""

    __slots__ = ()

    def list(
        self,
        *,
        inboxes: Sequence[int],
        user_id: int = 0,
        closed: bool | None = None,
        unread: bool | None = None,
        before: datetime | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Pager[Conversation]:
        """Return conversations, the last changed first, fetched as they are needed.

        Args:
            inboxes: the inboxes whose conversations are wanted.
            user_id: the user on whose behalf one asks, which decides what `unread` means; 0 for nobody in particular,
                as a guide of the vendor has it. An earlier page asks for a user.
            closed: only closed ones, or only open ones.
            unread: only those that are unread for the user, or only read ones.
            before: only those last changed before this moment.
            limit: conversations at the most, over all pages.
            page_size: conversations to ask for in one page.
            cursor: where to go on, as `Pager.cursor` gave it.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/conversations/list
        """
        filters: dict[str, Any] = {"inboxes": check_ids("inboxes", inboxes)}
        if closed is not None:
            filters["closed"] = check_flag("closed", closed)
        if unread is not None:
            filters["unread"] = check_flag("unread", unread)
        body: dict[str, Any] = {"id": check_count("user_id", user_id, least=0), "filters": filters}
        if before is not None:
            body["date"] = rfc3339(check_time("before", before))
        return self._pager(LIST_CONVERSATIONS, body, limit=limit, page_size=page_size, cursor=cursor)

    async def count(self, *, date: datetime | None = None) -> int:
        """Return how many conversations the team has.

        Args:
            date: count only those last changed on one side of this moment; the vendor does not say whether before it or
                after it.

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/conversations/list
        """
        body = {} if date is None else {"date": rfc3339(check_time("date", date))}
        return await self._runner.run(COUNT_CONVERSATIONS.call(body=body))

    async def get(self, conversation_id: int) -> Conversation:
        """Return one conversation.

        Args:
            conversation_id: its id.

        Raises:
            ArgumentError: the id makes no sense.
            NotFound: there is none.

        https://developers.heymarket.com/api-reference/conversations/get
        """
        return await self._runner.run(GET_CONVERSATION.call(id=check_id("conversation_id", conversation_id)))

    async def open(
        self,
        *,
        inbox_id: int,
        user_id: int,
        conversation_id: int | None = None,
        phone_number: str | None = None,
        targets: Sequence[str] | None = None,
    ) -> str:
        """Open a conversation.

        Args:
            inbox_id: its inbox.
            user_id: the user on whose behalf it is opened.
            conversation_id: the conversation (on the wire `chat_id`); or
            phone_number: the number of its contact (on the wire `target`); or
            targets: the numbers of its group.

        Returns:
            The service's word for it, such as `ok`.

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/conversations/open-close
        """
        which = self._which(phone_number, targets, {"conversation_id": conversation_id})
        return await self._runner.run(OPEN_CONVERSATION.call(body=_on_behalf(inbox_id, user_id) | which))

    async def close(
        self,
        *,
        inbox_id: int,
        user_id: int,
        conversation_id: int | None = None,
        phone_number: str | None = None,
        targets: Sequence[str] | None = None,
    ) -> str:
        """Close a conversation. Arguments, result and errors are those of `open`.

        https://developers.heymarket.com/api-reference/conversations/close
        """
        which = self._which(phone_number, targets, {"conversation_id": conversation_id})
        return await self._runner.run(CLOSE_CONVERSATION.call(body=_on_behalf(inbox_id, user_id) | which))

    async def mark_read(
        self, *, inbox_id: int, user_id: int, phone_number: str | None = None, targets: Sequence[str] | None = None
    ) -> str:
        """Mark a conversation as read by a user.

        Args:
            inbox_id: its inbox.
            user_id: the user.
            phone_number: the number of its contact (on the wire `target`); or
            targets: the numbers of its group.

        Returns:
            The service's word for it, such as `ok`.

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/conversations/mark-read
        """
        body = _on_behalf(inbox_id, user_id) | self._which(phone_number, targets)
        return await self._runner.run(MARK_CONVERSATION_READ.call(body=body))

    async def mark_unread(
        self, *, inbox_id: int, user_id: int, phone_number: str | None = None, targets: Sequence[str] | None = None
    ) -> str:
        """Mark a conversation as unread by a user. Arguments, result and errors are those of `mark_read`.

        https://developers.heymarket.com/api-reference/conversations/mark-read
        """
        body = _on_behalf(inbox_id, user_id) | self._which(phone_number, targets)
        return await self._runner.run(MARK_CONVERSATION_UNREAD.call(body=body))

    async def reassign(
        self,
        *,
        inbox_id: int,
        user_id: int,
        assignee_id: int,
        phone_number: str | None = None,
        targets: Sequence[str] | None = None,
    ) -> str:
        """Give a conversation to another user.

        Args:
            inbox_id: its inbox.
            user_id: the user who has it now.
            assignee_id: the user who takes it over (on the wire `reassign_id`).
            phone_number: the number of its contact (on the wire `target`); or
            targets: the numbers of its group.

        Returns:
            The service's word for it, such as `ok`.

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/conversations/reassign
        """
        body = _on_behalf(inbox_id, user_id) | self._which(phone_number, targets)
        body["reassign_id"] = check_id("assignee_id", assignee_id)
        return await self._runner.run(REASSIGN_CONVERSATION.call(body=body))

    async def transfer(self, conversation_id: int, *, inbox_id: int) -> str:
        """Move a conversation to another inbox. It is not repeated where its outcome is not known.

        Args:
            conversation_id: the conversation.
            inbox_id: the inbox it goes to (on the wire `transfer_inbox_id`).

        Returns:
            The service's word for it, such as `ok`.

        Raises:
            ArgumentError: an argument makes no sense.
            SendUnknown: the request went out, but no answer came back.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/conversations/transfer
        """
        body = {
            "conversation_id": check_id("conversation_id", conversation_id),
            "transfer_inbox_id": check_id("inbox_id", inbox_id),
        }
        return await self._runner.run(TRANSFER_CONVERSATION.call(body=body))

    def _which(
        self, phone_number: str | None, targets: Sequence[str] | None, more: dict[str, object] | None = None
    ) -> dict[str, Any]:
        """Return the one conversation that is meant in the service's words."""
        choices = {**(more or {}), "phone_number": phone_number, "targets": targets}
        given = exactly_one("target", choices)
        if given == "conversation_id":
            return {"chat_id": check_id(given, choices[given])}
        if given == "phone_number":
            return {"target": self._phone(given, phone_number)}
        return {given: self._phones(given, targets)}


def _on_behalf(inbox_id: object, user_id: object) -> dict[str, Any]:
    return {"inbox_id": check_id("inbox_id", inbox_id), "user_id": check_id("user_id", user_id)}
