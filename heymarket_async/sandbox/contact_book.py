"""The contacts of a team, and the ways to find one: by number, by UUID, by channel."""

from __future__ import annotations

import uuid
from random import Random
from typing import Any, Final

from heymarket_async.sandbox.records import Moment, Record, Records
from heymarket_async.sandbox.refusals import Missing

PHONE: Final = "phone"
EMAIL: Final = "email"
# The kinds of channel that a key of the contact shows too.
MIRRORED: Final = (PHONE, EMAIL)

Address = tuple[str, str]


def steady_uuid(*of: object) -> str:
    """Return the UUID that the same things always get."""
    return str(uuid.UUID(int=Random("/".join(map(str, of))).getrandbits(128), version=4))


class ContactBook(Records):
    """The contacts by their integer ids.

    A contact keeps its UUID in `_uuid`, the ids of its tags in `_tags`, and in `_channels` a record for each way to
    reach it, its phone number and email address among them. Change these by the methods, which keep the register.

    Args:
        first_id: the id of the first contact.
    """

    def __init__(self, first_id: int = 1) -> None:
        super().__init__("contact", first_id, revs=True)
        self._by_uuid: dict[str, int] = {}
        self._by_address: dict[Address, list[int]] = {}
        self._next_channel = first_id

    def add(self, now: Moment, fields: Record) -> Record:
        """Keep a new contact, with a UUID of its own and channels for its phone number and email address."""
        record = super().add(now, {"_tags": [], **fields, "_channels": []})
        record["_uuid"] = steady_uuid("contact", record["id"])
        self._by_uuid[record["_uuid"]] = record["id"]
        for kind in MIRRORED:
            if record[kind]:
                self.connect(record, now, kind, record[kind])
        return record

    def change(self, record: Record, now: Moment, changes: Record | None = None) -> None:
        """Write `changes` into a contact, and let its channels follow its phone number and email address."""
        old = {kind: record[kind] for kind in MIRRORED}
        super().change(record, now, changes)
        for kind, address in old.items():
            if record[kind] != address:
                self._move(record, now, kind, address)

    def remove(self, record: Record) -> None:
        """Forget a contact."""
        for channel in [*record["_channels"]]:
            self._disconnect(record, channel)
        del self._by_uuid[record["_uuid"]], self[record["id"]]

    def at(self, kind: str, address: str) -> list[Record]:
        """Return the contacts that have this channel, oldest first."""
        return [self[owner] for owner in self._by_address.get((kind, _plain(kind, address)), ())]

    def by_phone(self, phone: str) -> Record | None:
        """Return the contact with a phone number, if any."""
        found = self.at(PHONE, phone)
        return found[0] if found else None

    def by_uuid(self, text: str) -> Record | None:
        """Return the contact with a UUID, if any."""
        owner = self._by_uuid.get(text.lower())
        return None if owner is None else self[owner]

    def find_uuid(self, text: str, field: str = "contactID") -> Record:
        """Return the contact with a UUID.

        Args:
            text: the UUID.
            field: where in the request it was, for the refusal.

        Raises:
            Missing: there is none.
        """
        record = self.by_uuid(text)
        if record is None:
            raise Missing("not_found", f"{field}: there is no such contact.")
        return record

    def connect(
        self, record: Record, now: Moment, kind: str, address: str, *, handle: str = "", info: str = ""
    ) -> None:
        """Give a contact a channel, unless it has it."""
        if _channel(record, kind, address) is not None:
            return
        channel: Record = {
            "id": self._next_channel,
            "_uuid": steady_uuid("channel", self._next_channel),
            "team_id": record["team_id"],
            "contact_id": record["id"],
            "channel_type": kind,
            "channel_id": address,
            "info_channel": info,
            "channel_handle": handle,
            "created": now,
            "updated": now,
        }
        self._next_channel += 1
        record["_channels"].append(channel)
        self._register(channel)

    def redirect(self, channel: Record, now: Moment, address: str) -> None:
        """Let a channel lead to another address."""
        self._unregister(channel)
        channel |= {"channel_id": address, "updated": now}
        self._register(channel)

    def _move(self, record: Record, now: Moment, kind: str, old: str) -> None:
        channel, address = _channel(record, kind, old), record[kind]
        if not address:
            self._disconnect(record, channel)
        elif channel is None:
            self.connect(record, now, kind, address)
        elif _channel(record, kind, address) is None:
            self.redirect(channel, now, address)

    def _disconnect(self, record: Record, channel: Record | None) -> None:
        if channel is not None:
            self._unregister(channel)
            record["_channels"].remove(channel)

    def _register(self, channel: Record) -> None:
        self._by_address.setdefault(_address(channel), []).append(channel["contact_id"])

    def _unregister(self, channel: Record) -> None:
        ids = self._by_address[_address(channel)]
        ids.remove(channel["contact_id"])
        if not ids:
            del self._by_address[_address(channel)]


def _address(channel: Record) -> Address:
    return channel["channel_type"], _plain(channel["channel_type"], channel["channel_id"])


def _plain(kind: str, address: str) -> str:
    return address.lower() if kind == EMAIL else address


def _channel(record: Record, kind: str, address: str) -> Any:
    for channel in record["_channels"]:
        if channel["channel_type"] == kind and _plain(kind, channel["channel_id"]) == _plain(kind, address):
            return channel
    return None
