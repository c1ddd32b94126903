"""Team users: how they are looked up and changed, and how they come back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arguments_support import IDS, MANY_PHONES, PHONES, TEXTS, refused, table
from fakes import FakeRunner, fields_that_came, read
from heymarket_async import AsyncSession, Role, TeamUser
from heymarket_async.auth import ApiSecret
from heymarket_async.calls import Effect
from heymarket_async.resources.users import GET_USERS, UPDATE_USERS, Users, UserUpdate
from heymarket_async.values import UNSET


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def users(runner):
    return Users(runner)


class TestFind:
    async def test_it_asks_as_the_vendor_does(self, runner, users, example):
        await users.find(phone_numbers=["+1 (415) 555-0144"], emails=["help@example.com"])
        assert runner.body == example("get_users.request")
        assert (runner.call.operation, runner.call.path) == (GET_USERS, "/v1/users/get")
        assert GET_USERS.method == "GET"
        assert GET_USERS.effect is Effect.READS

    async def test_one_of_the_two_is_enough(self, runner, users):
        await users.find(emails=("a@example.com", "b@example.com"))
        await users.find(phone_numbers=("14155550144",))
        assert [call.body for call in runner.calls] == [
            {"email": ["a@example.com", "b@example.com"]},
            {"phone": ["14155550144"]},
        ]

    async def test_national_numbers_are_understood_with_a_region(self):
        runner = FakeRunner(default_region="US")
        await Users(runner).find(phone_numbers=["(415) 555-0144"])
        assert runner.body == {"phone": ["14155550144"]}

    async def test_it_returns_those_who_were_found(self, example):
        found = (TeamUser(id=1), TeamUser(id=2))
        assert await Users(FakeRunner(found)).find(emails=["a@example.com"]) == found

    async def test_neither_of_the_two_is_refused(self, runner, users):
        await refused(runner, "phone_numbers", users.find)

    @table(
        phone_numbers=[*MANY_PHONES, *([value] for value in PHONES), ["+15105550101", None]],
        emails=["a@example.com", [], {"a@example.com"}, [""], ["a"], ["a@b"], ["a@example.com,b@a.com"], [5], [None]],
    )
    async def test_what_makes_no_sense_is_refused(self, runner, users, argument, value):
        error = await refused(runner, argument, lambda: users.find(**{argument: value}))
        if isinstance(value, list) and value:
            assert error.argument == f"{argument}[{len(value) - 1}]"


@pytest.mark.parametrize("operation", [GET_USERS, UPDATE_USERS])
@pytest.mark.parametrize("body", [b"{}", b'{"memberships": null}', b'{"memberships": []}', b"[]", b"null"])
def test_a_service_that_leaves_out_what_is_empty_has_found_nobody(operation, body):
    assert read(operation, body) == ()


class TestUpdate:
    async def test_it_asks_as_the_vendor_does(self, runner, users, example):
        await users.update(
            UserUpdate(id=1, first_name="Riley", last_name="Stone"),
            UserUpdate(id=2, role_id=Role.MEMBER),
        )
        assert runner.body == example("update_users.request")
        assert (runner.call.operation, runner.call.path) == (UPDATE_USERS, "/v1/users/update")
        assert UPDATE_USERS.effect is Effect.REPEATABLE

    async def test_what_is_left_out_is_not_sent(self, runner, users):
        assert UserUpdate(id=1).first_name is UNSET
        await users.update(UserUpdate(id=1, last_name="Stone"))
        assert runner.body == {"users": [{"id": 1, "last_name": "Stone"}]}

    async def test_roles_that_the_library_does_not_name_are_sent_too(self, runner, users):
        await users.update(UserUpdate(id=1, role_id=3))
        assert runner.body == {"users": [{"id": 1, "role_id": 3}]}

    async def test_it_returns_the_users_as_they_are_now(self):
        now = (TeamUser(id=1, name="Riley Stone"),)
        assert await Users(FakeRunner(now)).update(UserUpdate(id=1, first_name="Riley")) == now

    async def test_nobody_at_all_is_refused(self, runner, users):
        await refused(runner, "users", users.update)

    @pytest.mark.parametrize("user", [None, 1, {"id": 1, "first_name": "Riley"}, TeamUser(id=1), [UserUpdate(id=1)]])
    async def test_only_user_updates_are_taken(self, runner, users, user):
        error = await refused(runner, "users", lambda: users.update(UserUpdate(id=1, first_name="A"), user))
        assert error.argument == "users[1]"

    async def test_a_user_to_whom_nothing_happens_is_refused(self, runner, users):
        error = await refused(runner, "users", lambda: users.update(UserUpdate(id=1)))
        assert "changes nothing" in str(error)

    async def test_a_user_who_comes_twice_is_refused(self, runner, users):
        twice = (UserUpdate(id=1, first_name="A"), UserUpdate(id=2, first_name="B"), UserUpdate(id=1, last_name="C"))
        error = await refused(runner, "users", lambda: users.update(*twice))
        assert error.argument == "users[2].id"

    @table(id=IDS, first_name=TEXTS, last_name=TEXTS, role_id=IDS)
    async def test_what_makes_no_sense_is_refused(self, runner, users, argument, value):
        user = UserUpdate(**{"id": 1, "first_name": "A", argument: value})
        error = await refused(runner, "users", lambda: users.update(user))
        assert error.argument == f"users[0].{argument}"

    def test_a_repr_shows_no_name(self):
        shown = repr(UserUpdate(id=1, first_name="Riley", last_name="Stone", role_id=Role.ADMIN))
        assert "Riley" not in shown
        assert "Stone" not in shown
        assert "ADMIN" in shown


class TestReplies:
    def test_the_users_who_were_found(self, example_bytes):
        assert read(GET_USERS, example_bytes("get_users.response")) == (
            TeamUser(
                id=1,
                phone="14155550144",
                name="Riley Stone",
                email="help@example.com",
                role_id=Role.ADMIN,
                team_id=7,
                created_at=datetime(2023, 1, 15, 9, tzinfo=UTC),
                updated_at=datetime(2024, 3, 10, 14, 22, tzinfo=UTC),
            ),
        )

    def test_the_users_who_were_changed(self, example_bytes):
        (user,) = read(UPDATE_USERS, example_bytes("update_users.response"))
        assert fields_that_came(user) == set(TeamUser.__slots__) - {"extra"}
        assert user.user_updated_at == datetime(2018, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize("operation", [GET_USERS, UPDATE_USERS])
    @pytest.mark.parametrize("nobody", [b'{"memberships": []}', b'{"memberships": null}', b"[]", b"null"])
    def test_nobody(self, operation, nobody):
        assert read(operation, nobody) == ()

    def test_a_repr_shows_neither_name_nor_number_nor_address(self, example_bytes):
        shown = repr(read(GET_USERS, example_bytes("get_users.response")))
        assert not any(secret in shown for secret in ("Riley", "4155550144", "example.com"))


async def test_a_user_is_found_and_changed_in_the_sandbox(heymarket_sandbox, sandboxed):
    member = heymarket_sandbox.teams[0].members[1]
    (user,) = await sandboxed.users.find(emails=[member["email"]])
    assert (user.id, user.name) == (member["id"], member["name"])
    assert await sandboxed.users.find(phone_numbers=[user.phone]) == (user,)
    assert await sandboxed.users.find(phone_numbers=["+1 510 555 0199"]) == ()
    (changed,) = await sandboxed.users.update(UserUpdate(id=user.id, first_name="Kim", role_id=Role.ADMIN))
    assert (changed.name, changed.role_id) == (f"Kim {user.name.partition(' ')[2]}", Role.ADMIN)
    assert await sandboxed.users.find(phone_numbers=[user.phone]) == (changed,)


def test_a_session_has_them():
    assert type(AsyncSession(ApiSecret("id", "key")).users) is Users
