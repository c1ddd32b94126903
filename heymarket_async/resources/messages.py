"""Operations on messages."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from heymarket_async.arguments import (
    LONGEST_TEXT,
    check_flag,
    check_id,
    check_seconds,
    check_text,
    check_time,
    check_url,
    exactly_one,
    rfc3339,
    wrong,
)
from heymarket_async.calls import Call, Effect, Operation, TimeCursor
from heymarket_async.models.messages import Message, SentMessage
from heymarket_async.paging import Pager
from heymarket_async.resolution import Resolution
from heymarket_async.resources.base import Resource
from heymarket_async.resources.looking import Sought, by_the_caller, check_attempts, look_until, run_send
from heymarket_async.resources.runner import Runner

SEND_MESSAGE = Operation(
    name="send_message",
    method="POST",
    path="/v1/message/send",
    effect=Effect.SENDS,
    reply=SentMessage,
    docs="https://developers.heymarket.com/api-reference/messages/send",
)
GET_MESSAGE_HISTORY = Operation(
    name="get_message_history",
    method="GET",
    path="/v1/messages",
    effect=Effect.READS,
    reply=tuple[Message, ...],
    envelope=("messages",),
    paging=TimeCursor(key="timestamp", by="date", size=50, sizable=False, follows_changes=False, unix=True),
    docs="https://developers.heymarket.com/api-reference/messages/get-history",
)
LIST_MESSAGES = Operation(
    name="list_messages",
    method="POST",
    path="/v1/messages/all",
    effect=Effect.READS,
    reply=tuple[Message, ...],
    envelope=("messages",),
    paging=TimeCursor(key="created_at", by="date", follows_changes=False, both_ways=True),
    docs="https://developers.heymarket.com/api-reference/messages/list-all",
)
COUNT_MESSAGES = Operation(
    name="count_messages",
    method="POST",
    path="/v1/messages/all/count",
    effect=Effect.READS,
    reply=int,
    envelope=("count", "total"),
    docs="https://developers.heymarket.com/api-reference/messages/count",
)


class Messages(Resource):
    """Texts, pictures, broadcasts, surveys and private comments. https://developers.heymarket.com/concepts/messages"""

    __slots__ = ()

    async def send(
        self,
        *,
        inbox_id: int,
        creator_id: int,
        phone_number: str | None = None,
        conversation_id: int | None = None,
        list_id: int | None = None,
        targets: Sequence[str] | None = None,
        text: str | None = None,
        media_url: str | None = None,
        template_id: int | None = None,
        survey_id: int | None = None,
        private: bool = False,
        author: str | None = None,
        local_id: str | None = None,
        first_tried: datetime | None = None,
        activity_id: str | None = None,
    ) -> SentMessage:
        """Send a message to one target. Accepted is not delivered: the message's `status` tells that later.

        It is made once, or `SendUnknown` says that nobody knows: it is never repeated after it may have gone out.

        Args:
            inbox_id: the inbox to send from.
            creator_id: the member who sends, one of the inbox's `members`; not a user id.
            phone_number: the target: a number in any usual writing, such as `+1 (510) 555-0101`.
            conversation_id: the target: a conversation to reply in (on the wire `chat_id`).
            list_id: the target: a list to broadcast to.
            targets: the target: the numbers of one group message; toll-free inboxes cannot send it.
            text: what it says.
            media_url: a public URL of a picture or a file, which makes it an MMS.
            template_id: a template, in place of `text`.
            survey_id: a survey whose opening question is sent, in place of `text`.
            private: leave a comment that only members see; in one conversation only (`conversation_id` or
                `phone_number`).
            author: the name under which a private comment stands; with `private` only.
            local_id: your identifier of this send, by which the service knows a repeat; a UUID by default.
            first_tried: when an earlier attempt at this send began, if there was one, by the service's clock
                (`session.service_time()`) or a good one. Then its message is looked for by the `local_id`, for some two
                seconds, and sent only if it is not there.
            activity_id: passed on; the vendor does not say what it means.

        Returns:
            What the service says to it, with the `local_id` that was used.

        Raises:
            ArgumentError: an argument makes no sense, or they do not go together. Nothing was sent.
            SendUnknown: it went out, but no answer came back, or it may have gone out before, which a look did not
                tell; `await error.resolve()` looks for it.
            ApiError: the service refused, for example because the contact opted out.

        https://developers.heymarket.com/api-reference/messages/send
        """
        first = check_attempts(first_tried, local_id)
        target = self._target(phone_number, conversation_id, list_id, targets, conversation="chat_id")
        content = _content(text, media_url, template_id, survey_id)
        body: dict[str, Any] = {
            "inbox_id": check_id("inbox_id", inbox_id),
            "creator_id": check_id("creator_id", creator_id),
            **target,
            **content,
            "local_id": str(uuid.uuid4()) if local_id is None else check_text("local_id", local_id),
        }
        if check_flag("private", private):
            if list_id is not None or targets is not None:
                raise wrong("private", "needs one conversation: pass conversation_id or phone_number")
            body["private"] = True
        if author is not None:
            if not private:
                raise wrong("author", "goes with private=True: without it the contact would get the comment as a text")
            body["author"] = check_text("author", author)
        if activity_id is not None:
            body["activity_id"] = check_text("activity_id", activity_id)
        return await run_send(
            self._runner, SEND_MESSAGE.call(body=body), partial(_around, self, self._runner, body), first_tried=first
        )

    async def look_for(
        self,
        local_id: str,
        *,
        inbox_id: int,
        phone_number: str,
        since: datetime | None = None,
        patience: float = 5.0,
    ) -> Resolution:
        """Look whether a send to a number took effect, also one of a process that is gone.

        Where there is an error in hand, `await error.resolve()` knows more of the send.

        Args:
            local_id: the identifier that it carried: store it before the send.
            inbox_id: the inbox that it went out from.
            phone_number: whom it went to, in any usual writing.
            since: when it went out, by the service's clock (`session.service_time()`) or by a good one: the look goes
                back to a minute before. By default, through 1,000 messages.
            patience: seconds to look again in, while it is not there: the service may be still at it.

        Returns:
            What was found. An error of the look itself is not raised; the state is then `UNKNOWN`. It is that too where
            somebody else's message of that time shows no `local_id`.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/messages/get-history
        """
        moment = None if since is None else check_time("since", since)
        sought = Sought(
            local_id=check_text("local_id", local_id),
            text=None,
            messages=lambda _: self.history(phone_number=phone_number, inbox_id=inbox_id),
            since=lambda: None if moment is None else by_the_caller(self._runner, moment),
        )
        sought.messages(None)  # So that arguments which make no sense are an error, and not a look that failed.
        return await look_until(self._runner.clock, sought, check_seconds("patience", patience))

    def list(
        self,
        *,
        before: datetime | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Pager[Message]:
        """Return the messages of the whole team, newest first, fetched as they are needed.

        Where the service turns out to take its cursor as the earliest time wanted, the first page is the newest, and
        the rest comes from the oldest on.

        Args:
            before: only messages from before this moment.
            limit: messages at the most, over all pages.
            page_size: messages to ask for in one page.
            cursor: where to go on, as `Pager.cursor` gave it.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/messages/list-all
        """
        body = {} if before is None else {"created_at": rfc3339(check_time("before", before))}
        return self._pager(
            LIST_MESSAGES, body, limit=limit, page_size=page_size, cursor=cursor, keep=_is_before(before)
        )

    def history(
        self,
        *,
        phone_number: str,
        inbox_id: int,
        before: datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pager[Message]:
        """Return the messages between an inbox and a phone number, newest first, fetched as they are needed.

        Args:
            phone_number: the number of the contact, in any usual writing.
            inbox_id: the inbox.
            before: only messages from before this moment.
            limit: messages at the most, over all pages. A page holds up to 50.
            cursor: where to go on, as `Pager.cursor` gave it.

        Raises:
            ArgumentError: an argument makes no sense.

        https://developers.heymarket.com/api-reference/messages/get-history
        """
        query: dict[str, str | int] = {
            "phoneNumber": self._phone("phone_number", phone_number),
            "inboxID": check_id("inbox_id", inbox_id),
        }
        if before is not None:
            query["timestamp"] = math.ceil(check_time("before", before).timestamp())

        def ask(keys: Mapping[str, Any]) -> Call[tuple[Message, ...]]:
            return GET_MESSAGE_HISTORY.call(query={**query, **keys})

        return Pager(
            self._runner.run,
            GET_MESSAGE_HISTORY,
            ask,
            limit=limit,
            cursor=cursor,
            keep=_is_before(before),
            budget=lambda: self._runner.budget,
        )

    async def count(self, *, date: datetime | None = None) -> int:
        """Return how many messages the team has.

        Args:
            date: count only those on one side of this moment; the vendor does not say whether before it or after it.

        Raises:
            ArgumentError: an argument makes no sense.
            ApiError: the service refused.

        https://developers.heymarket.com/api-reference/messages/count
        """
        body = {} if date is None else {"date": rfc3339(check_time("date", date))}
        return await self._runner.run(COUNT_MESSAGES.call(body=body))


def _around(messages: Messages, runner: Runner, body: Mapping[str, Any], since: datetime | None) -> Pager[Message]:
    """Return the messages among which the one of a send would be."""
    number = body.get("phone_number")
    if number is None:
        return of_the_team(runner, since)
    return messages.history(phone_number=f"+{number}", inbox_id=body["inbox_id"])


def of_the_team(runner: Runner, since: datetime | None) -> Pager[Message]:
    """Return the messages of the whole team back to a time, whichever way the service reads its cursor."""
    return Pager(runner.run, LIST_MESSAGES, lambda keys: LIST_MESSAGES.call(body=dict(keys)), since=since)


def _is_before(moment: datetime | None) -> Callable[[Message], bool]:
    """Return what says whether a message is from before a moment, which the service may see less exactly."""
    return lambda message: moment is None or message.date is None or message.date < moment


def _content(text: object, media_url: object, template_id: object, survey_id: object) -> dict[str, Any]:
    """Return what a message says in the service's words."""
    content: dict[str, Any] = {}
    if text is not None or template_id is not None or survey_id is not None:
        given = exactly_one("text", {"text": text, "template_id": template_id, "survey_id": survey_id})
        if given == "text":
            content["text"] = check_text("text", text, longest=LONGEST_TEXT)
        else:
            content[given] = check_id(given, {"template_id": template_id, "survey_id": survey_id}[given])
    if media_url is not None:
        content["media_url"] = check_url("media_url", media_url)
    if not content:
        raise wrong("text", "is missing: pass text, media_url, template_id or survey_id")
    return content
