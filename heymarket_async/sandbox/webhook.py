"""What a webhook is, and how it misbehaves on purpose."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

import attrs
from yarl import URL

from heymarket_async.errors import ConfigurationError
from heymarket_async.sandbox.event_types import ALL, read_types
from heymarket_async.sandbox.options import check_flag, check_positive, check_seconds, check_share, check_waits, wrong

# The earlier guide says that an answer other than 200, or a slow one, leads to a retry; no page says when or how often.
RETRIES: Final = (1.0, 10.0, 60.0)
TIMEOUT: Final = 10.0


def _check_url(webhook: Webhook, field: attrs.Attribute[Any], value: Any) -> None:
    try:
        url = URL(value)
    except (TypeError, ValueError):
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise wrong(webhook, field, "must be an http or https address")
    if not (webhook.anywhere or _is_loopback(url.host)):
        raise ConfigurationError(
            "Webhook(url=...) is not an address of this machine.",
            advice="Use 127.0.0.1, ::1 or localhost; anywhere=True allows any address.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _check_token(webhook: Webhook, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, str):
        raise wrong(webhook, field, "must be a str")
    if not value.isprintable():
        raise wrong(webhook, field, "must have no line break and no half of a character")


def _check_options(webhook: Webhook, field: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, WebhookOptions):
        raise wrong(webhook, field, "must be WebhookOptions")


@attrs.frozen(kw_only=True)
class WebhookOptions:
    """How a webhook delivers. No page gives a number or a time: the defaults are what was chosen here.

    What comes by chance is drawn from the sandbox's seed, in the order of events and with as many draws for each, so
    that runs repeat and one switch leaves alone what another does.

    Attributes:
        retries: seconds to wait before each repeat of a POST that was not accepted; empty for none.
        timeout: seconds after which an answer is too slow.
        concurrency: how many deliveries are under way at once. With 1 they go out in order, and one that is slow holds
            up the rest.
        delay: seconds between what happened and its first POST.
        loss: the share of events, from 0 to 1, that are never delivered.
        duplicates: the share of events that are delivered once more, though the first time went well.
        reordering: the share of deliveries that later ones overtake.
        held: for how many seconds at most such a delivery is held back.

    Raises:
        ConfigurationError: a value makes no sense.
    """

    retries: tuple[float, ...] = attrs.field(default=RETRIES, validator=check_waits)
    timeout: float = attrs.field(default=TIMEOUT, validator=check_seconds)
    concurrency: int = attrs.field(default=1, validator=check_positive)
    delay: float = attrs.field(default=0.0, validator=check_seconds)
    loss: float = attrs.field(default=0.0, validator=check_share)
    duplicates: float = attrs.field(default=0.0, validator=check_share)
    reordering: float = attrs.field(default=0.0, validator=check_share)
    held: float = attrs.field(default=1.0, validator=check_seconds)


@attrs.define(kw_only=True, repr=False, eq=False)
class Webhook:
    """One webhook of a team, as people make them in the app. Assign to an attribute to change what comes from then on.

    Attributes:
        id: its number, the `id` of all that it delivers.
        team: the number of the team.
        anywhere: whether the address may be another than one of this machine.
        url: where it delivers to.
        token: the verification token, the `token` of all that it delivers.
        types: the types that it delivers; either spelling of `message_recieved`.
        options: how it delivers.
        down: whether nothing gets through: what is due meanwhile is lost.
    """

    id: int = attrs.field(on_setattr=attrs.setters.frozen)
    team: int = attrs.field(on_setattr=attrs.setters.frozen)
    anywhere: bool = attrs.field(default=False, validator=check_flag, on_setattr=attrs.setters.frozen)
    url: str = attrs.field(validator=_check_url)
    token: str = attrs.field(validator=_check_token)
    types: frozenset[str] = attrs.field(default=ALL, converter=read_types)
    options: WebhookOptions = attrs.field(factory=WebhookOptions, validator=_check_options)
    down: bool = attrs.field(default=False, validator=check_flag)

    def __repr__(self) -> str:
        return f"<Webhook {self.id} of team {self.team}, {len(self.types)} types>"
