"""Many teams on one pool of connections."""

from __future__ import annotations

import asyncio
import contextlib
import gc

import attrs
import pytest

from fleets import Driver, fleet_of, list_inboxes, settle, teams_of
from heymarket_async import (
    ApiKey,
    ApiSecret,
    AsyncSession,
    AuthenticationError,
    ConfigurationError,
    Fleet,
    Retries,
    SessionClosed,
    TeamResult,
    UnknownTeam,
)
from heymarket_async.clock import VirtualClock
from heymarket_async.sandbox import Hang, Ordinary, Reply, Sandbox

SECRET = ApiSecret("5f4dcc3b-5aa7-4e5d-8f1d-2a6b7c8d9e0f", "a-key-of-a-secret")
OTHER = ApiSecret("6f4dcc3b-5aa7-4e5d-8f1d-2a6b7c8d9e0f", "a-key-of-another-secret")


@pytest.fixture
async def sandbox():
    async with Sandbox(teams=5) as sandbox:
        yield sandbox


@pytest.fixture
async def fleet(sandbox):
    async with fleet_of(sandbox) as fleet:
        yield fleet


def tasks():
    """Return the tasks that are not the sandbox's and not this one."""
    present = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in present if not task.get_coro().__qualname__.startswith(("Connection.", "RequestHandler."))}


class TestMakingOne:
    def test_it_needs_no_event_loop_and_no_network(self):
        fleet = Fleet({"acme": SECRET, "globex": OTHER})
        assert fleet.names == tuple(fleet) == ("acme", "globex")
        assert len(fleet) == 2
        assert "acme" in fleet
        assert "hooli" not in fleet

    def test_it_may_begin_without_teams(self):
        fleet = Fleet({})
        fleet.add("acme", SECRET)
        assert fleet.names == ("acme",)

    @pytest.mark.parametrize("name", ["", " acme", "acme ", "ac\nme", "x" * 101, 7, None])
    def test_a_name_that_is_none_is_refused(self, name):
        with pytest.raises(ConfigurationError, match="name of a team"):
            Fleet({name: SECRET})

    @pytest.mark.parametrize(
        ("first", "second"), [("acme", "Acme"), ("caf\u00e9", "cafe\u0301"), ("STRASSE", "straße")]
    )
    def test_two_names_that_people_take_for_one_are_refused(self, first, second):
        with pytest.raises(ConfigurationError, match="two teams") as caught:
            Fleet({first: SECRET, second: OTHER})
        assert repr(first) in str(caught.value)
        assert repr(second) in str(caught.value)

    @pytest.mark.parametrize("credentials", [None, "a text", ("id", "key")])
    def test_what_is_no_credentials_is_refused_with_the_name_of_the_team(self, credentials):
        with pytest.raises(ConfigurationError, match=r"Team 'globex': credentials must be") as caught:
            Fleet({"acme": SECRET, "globex": credentials})
        assert "a text" not in str(caught.value)

    @pytest.mark.parametrize(
        ("settings", "named"),
        [
            ({"connections_per_team": 0}, "connections_per_team"),
            ({"pool_size": 0}, "pool_size"),
            ({"rate_limit": 0}, "rate_limit"),
            ({"base_url": "ftp://example.com"}, "base_url"),
            ({"listeners": [1]}, "listeners"),
        ],
    )
    def test_a_setting_that_makes_no_sense_is_named(self, settings, named):
        with pytest.raises(ConfigurationError, match=named):
            Fleet({"acme": SECRET}, **settings)

    @pytest.mark.parametrize("teams", [[("acme", SECRET)], None, "acme"])
    def test_teams_must_be_a_mapping(self, teams):
        with pytest.raises(ConfigurationError, match="mapping"):
            Fleet(teams)

    def test_its_repr_counts_and_shows_no_secret(self):
        fleet = Fleet({"acme": SECRET})
        assert repr(fleet) == "<Fleet of 1 teams, 0 parked>"
        assert SECRET.key not in repr(fleet["acme"])


class TestItsSessions:
    async def test_each_team_sees_what_is_its_own(self, sandbox, fleet):
        for place, team in enumerate(sandbox.teams):
            inboxes = await fleet[f"t{place}"].inboxes.list()
            assert [inbox.id for inbox in inboxes] == [inbox["id"] for inbox in team.inboxes]

    async def test_all_share_the_connections(self, sandbox, fleet):
        for name in fleet:
            await fleet[name].inboxes.list()
        assert sandbox.connections == 1

    async def test_each_team_has_a_token_and_a_budget_of_its_own(self, sandbox, fleet):
        before = fleet["t1"].budget.left
        await fleet["t0"].inboxes.list()
        assert fleet["t0"].budget.left < before
        assert fleet["t1"].budget.left == before
        assert fleet["t0"].last_reply is not None
        assert fleet["t1"].last_reply is None

    async def test_a_session_knows_its_name(self, fleet):
        assert isinstance(fleet["t3"], AsyncSession)
        assert fleet["t3"].name == fleet["t3"].with_options(timeout=5).name == "t3"

    async def test_events_of_calls_name_the_team(self, sandbox):
        events = []
        async with fleet_of(sandbox, listeners=[events.append]) as fleet:
            await fleet["t2"].inboxes.list()
        assert [event.team for event in events] == ["t2", "t2"]

    async def test_a_team_that_is_not_there_is_an_error_with_the_name_that_was_meant(self, fleet):
        with pytest.raises(UnknownTeam, match=r"There is no team 'T3'\. Did you mean 't3'\?") as caught:
            fleet["T3"]
        assert isinstance(caught.value, KeyError)
        with pytest.raises(UnknownTeam, match="not by int"):
            fleet[3]
        with pytest.raises(UnknownTeam, match="'something else'"):
            await fleet.remove("something else")

    async def test_it_opens_on_first_use(self, sandbox):
        fleet = fleet_of(sandbox)
        assert len(await fleet["t0"].inboxes.list()) == 5
        await fleet.close()

    async def test_a_team_holds_no_more_connections_than_it_may(self, sandbox):
        sandbox.script("list_inboxes", Hang(), times=20, team=sandbox.teams[0])
        async with fleet_of(sandbox, connections_per_team=3, pool_size=5) as fleet:
            stuck = [asyncio.create_task(fleet["t0"].inboxes.list()) for _ in range(20)]
            while len(sandbox.requests) < 3:
                await asyncio.sleep(0.001)
            for _ in range(10):
                await fleet["t1"].inboxes.list()
            assert sum(request.team == sandbox.teams[0].id for request in sandbox.requests) == 3
            for task in stuck:
                task.cancel()
            await asyncio.wait(stuck)
            sandbox.clear_script()
            assert len(await fleet["t0"].inboxes.list()) == 5

    def test_the_bound_of_a_team_goes_with_the_event_loop(self):
        fleets = []

        async def crowd():
            async with Sandbox(teams=1) as sandbox:
                fleets[:] = fleets or [fleet_of(sandbox, connections_per_team=1, retries=Retries(attempts=1))]
                team = fleets[0]["t0"].with_options(base_url=sandbox.url)
                return await asyncio.gather(*(team.inboxes.list() for _ in range(5)))

        assert len(asyncio.run(crowd())) == 5
        assert len(asyncio.run(crowd())) == 5

        async def close():
            await fleets[0].close()

        asyncio.run(close())


class TestComingAndGoing:
    async def test_a_team_can_come_at_any_moment(self, sandbox, fleet):
        team = sandbox.add_team("New")
        session = fleet.add("new", team.secret)
        assert fleet["new"] is session
        assert [inbox.id for inbox in await session.inboxes.list()] == [inbox["id"] for inbox in team.inboxes]

    async def test_a_name_is_free_again_when_its_team_has_gone(self, sandbox, fleet):
        with pytest.raises(ConfigurationError, match="two teams 't0'"):
            fleet.add("t0", SECRET)
        await fleet.remove("t0")
        assert "t0" not in fleet
        fleet.add("t0", ApiKey(sandbox.teams[0].api_key.key))
        assert len(await fleet["t0"].inboxes.list()) == 5

    async def test_nothing_goes_out_for_a_team_that_has_gone(self, sandbox, fleet):
        session, other = fleet["t0"], fleet["t1"]
        copy = session.with_options(timeout=5)
        await fleet.remove("t0")
        for gone in (session, copy):
            assert gone.closed
            with pytest.raises(SessionClosed):
                await gone.inboxes.list()
        assert sandbox.requests == []
        assert len(await other.inboxes.list()) == 5

    async def test_closing_a_copy_of_a_team_leaves_the_team_as_it_is(self, fleet):
        await fleet["t0"].with_options(timeout=5).close()
        assert len(await fleet["t0"].inboxes.list()) == 5

    async def test_an_account_bounds_its_connections_by_a_whole_number(self, fleet):
        with pytest.raises(ConfigurationError, match="connections must be a whole number"):
            fleet["t0"].as_account(SECRET, connections=0)

    async def test_what_is_on_its_way_for_a_team_that_goes_comes_to_its_end(self, sandbox, fleet):
        clock = VirtualClock()
        async with Sandbox(teams=1, clock=clock) as slow:
            slow.script("list_inboxes", Ordinary(delay=5))
            async with fleet_of(slow, clock=clock, connections_per_team=1) as fleet:
                first, second = (asyncio.create_task(fleet["t0"].inboxes.list()) for _ in range(2))
                while not slow.requests or clock.next_wake != 5:
                    await asyncio.sleep(0.001)
                await fleet.remove("t0")
                clock.advance(5)
                assert len(await first) == 5
                with pytest.raises(SessionClosed):
                    await second
            assert len(slow.requests) == 1

    async def test_what_waits_to_be_repeated_for_a_team_that_goes_is_not_repeated(self):
        clock = VirtualClock()
        driver = Driver(clock)
        async with Sandbox(teams=1, clock=clock) as sandbox:
            sandbox.script("list_inboxes", Reply(503), times=5)
            async with fleet_of(sandbox, clock=clock, listeners=[driver]) as fleet:
                call = asyncio.create_task(fleet["t0"].inboxes.list())
                await driver.quiet()
                await fleet.remove("t0")
                await driver.advance(60)
                with pytest.raises(SessionClosed):
                    await call
            assert len(sandbox.requests) == 1

    async def test_a_closed_fleet_says_so(self, sandbox):
        fleet = fleet_of(sandbox)
        async with fleet:
            walk = fleet.each(list_inboxes, every=60)
            await anext(walk)
        await fleet.close()
        assert fleet.closed
        assert repr(fleet) == "<Fleet of 5 teams, 0 parked (closed)>"
        for use in (
            lambda: anext(walk),
            lambda: fleet.gather(list_inboxes),
            lambda: fleet["t0"].inboxes.list(),
            lambda: fleet.__aenter__(),
        ):
            with pytest.raises(SessionClosed):
                await use()
        with pytest.raises(SessionClosed):
            fleet.each(list_inboxes)
        with pytest.raises(SessionClosed):
            fleet.add("new", SECRET)

    async def test_closing_ends_a_walk_that_waits(self, sandbox):
        async with fleet_of(sandbox) as fleet:
            await fleet.gather(list_inboxes)
            walk = fleet.each(list_inboxes, every=3600)
            for _ in range(1):
                await anext(walk)
            waiting = asyncio.create_task(anext(walk))
            await settle()
            await fleet.close()
            with pytest.raises(SessionClosed):
                await waiting


class TestEach:
    async def test_it_gives_what_comes_of_each_team(self, sandbox, fleet):
        results = [result async for result in fleet.each(list_inboxes)]
        assert {result.team for result in results} == set(fleet.names)
        for result in results:
            team = sandbox.teams[int(result.team[1:])]
            assert [inbox.id for inbox in result.unwrap()] == [inbox["id"] for inbox in team.inboxes]
            assert result.ok

    async def test_results_come_as_they_are_there(self, fleet):
        gates = {name: asyncio.Event() for name in fleet}
        walk = fleet.each(lambda team: gates[team.name].wait())
        for name in reversed(fleet.names):
            gates[name].set()
            assert (await anext(walk)).team == name

    async def test_an_error_of_one_team_is_its_result(self, sandbox, fleet):
        sandbox.teams[1].secrets = ()
        sandbox.script("list_inboxes", Reply(404), team=sandbox.teams[2])

        async def function(team):
            if team.name == "t3":
                raise KeyError("not found")
            return await team.inboxes.list()

        results = await fleet.gather(function)
        assert [*results] == [*fleet.names]
        assert [type(result.error).__name__ for result in results.values()] == [
            *("NoneType", "AuthenticationError", "NotFound", "KeyError", "NoneType")
        ]
        with pytest.raises(AuthenticationError):
            results["t1"].unwrap()
        assert not results["t1"].ok

    async def test_what_is_no_async_function_is_an_error_of_each_team(self, fleet):
        results = await fleet.gather(lambda team: 5)
        assert {type(result.error) for result in results.values()} == {TypeError}

    async def test_no_more_run_at_a_time_than_it_is_told(self, fleet):
        running = most = 0

        async def function(team):
            nonlocal running, most
            running += 1
            most = max(most, running)
            await settle(3)
            running -= 1

        assert len(await fleet.gather(function, concurrency=2)) == 5
        assert most == 2

    async def test_results_that_nobody_takes_hold_up_further_calls(self, fleet):
        begun = []

        async def function(team):
            begun.append(team.name)

        walk = fleet.each(function, concurrency=2)
        await anext(walk)
        await settle()
        assert len(begun) == 2
        await anext(walk)
        await settle()
        assert len(begun) == 3
        await walk.aclose()

    async def test_who_was_called_longest_ago_comes_first(self, fleet):
        begun = []

        async def function(team):
            begun.append(team.name)

        for _ in range(5):
            async with contextlib.aclosing(fleet.each(function, concurrency=2)) as walk:
                await anext(walk)
                await anext(walk)
        assert [begun.count(name) for name in fleet] == [len(begun) // 5] * 5

    async def test_a_loop_that_is_left_early_leaves_nothing_running(self, fleet):
        cancelled = []

        async def function(team):
            if team.name != "t0":
                try:
                    await asyncio.Event().wait()
                finally:
                    cancelled.append(team.name)

        async for _ in fleet.each(function):
            break
        gc.collect()
        await settle()
        assert sorted(cancelled) == ["t1", "t2", "t3", "t4"]
        assert tasks() == set()

    async def test_a_loop_that_is_cancelled_leaves_nothing_running(self, sandbox, fleet):
        sandbox.script("list_inboxes", Hang(), times=5)

        async def loop():
            async for _ in fleet.each(list_inboxes):
                pytest.fail("Nothing can come.")

        task = asyncio.create_task(loop())
        while len(sandbox.requests) < 5:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert tasks() == set()
        assert all(fleet[name].budget.in_flight == 0 for name in fleet)

    async def test_a_cancellation_that_comes_from_the_function_is_no_result(self, fleet):
        async def function(team):
            if team.name == "t2":
                raise asyncio.CancelledError
            await asyncio.Event().wait()

        with pytest.raises(asyncio.CancelledError):
            await fleet.gather(function)
        assert tasks() == set()

    async def test_an_exception_that_ends_programs_is_no_result(self, fleet):
        class Stop(BaseException):
            pass

        async def function(team):
            if team.name == "t2":
                raise Stop
            await asyncio.Event().wait()

        with pytest.raises(Stop):
            await fleet.gather(function)
        assert tasks() == set()

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
    def test_an_interrupt_ends_the_program(self, kind):
        async def function(team):
            raise kind

        async def main():
            async with Fleet({"acme": SECRET}) as fleet:
                await fleet.gather(function)

        with pytest.raises(kind):
            asyncio.run(main())

    async def test_a_team_that_goes_before_its_turn_is_left_out(self, fleet):
        walk = fleet.each(list_inboxes, concurrency=1)
        first = await anext(walk)
        await fleet.remove("t4")
        rest = [result.team async for result in walk]
        assert [first.team, *rest] == ["t0", "t1", "t2", "t3"]

    async def test_a_team_that_goes_during_its_turn_gets_an_error_from_its_next_call(self, sandbox, fleet):
        async def function(team):
            await team.inboxes.list()
            if team.name == "t1":
                await fleet.remove("t1")
            await team.inboxes.list()

        results = [result async for result in fleet.each(function)]
        failed = {result.team: type(result.error) for result in results if not result.ok}
        assert failed == {"t1": SessionClosed}
        assert len(sandbox.requests) == 9

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [({"concurrency": 0}, "concurrency"), ({"every": 0}, "every"), ({"every": float("nan")}, "every")],
    )
    async def test_an_argument_that_makes_no_sense_is_named(self, fleet, arguments, named):
        with pytest.raises(ConfigurationError, match=named):
            fleet.each(list_inboxes, **arguments)
        with pytest.raises(ConfigurationError, match="function of a session"):
            fleet.each("list_inboxes")

    async def test_an_empty_fleet_has_no_results(self):
        async with Fleet({}) as fleet:
            assert await fleet.gather(list_inboxes) == {}

    def test_a_result_shows_neither_value_nor_text_of_an_error(self):
        assert repr(TeamResult(team="acme", value="Hello Sam")) == "<TeamResult 'acme': str>"
        assert repr(TeamResult(team="acme", error=ValueError("Hello Sam"))) == "<TeamResult 'acme': ValueError>"
        assert [field.name for field in attrs.fields(TeamResult)] == ["team", "value", "error", "late", "elapsed"]


class TestEachAgainAndAgain:
    @pytest.fixture
    def clock(self):
        return VirtualClock()

    @pytest.fixture
    async def sandbox(self, clock):
        async with Sandbox(teams=5, clock=clock) as sandbox:
            yield sandbox

    @contextlib.asynccontextmanager
    async def polling(self, sandbox, clock, function=list_inboxes, hanging=(), **arguments):
        """Poll in a task of its own, and give the fleet, the driver and the results so far."""
        driver = Driver(clock, *hanging)
        results = []

        def came(result):
            results.append((result, clock.monotonic()))

        async with fleet_of(sandbox, clock=clock, listeners=[driver]) as fleet:

            async def poll():
                async for result in fleet.each(function, **arguments):
                    came(result)

            task = asyncio.create_task(poll())
            yield fleet, driver, results
            task.cancel()
            await asyncio.wait([task])

    async def test_each_team_is_called_at_its_own_time_spread_over_the_interval(self, sandbox, clock):
        async with self.polling(sandbox, clock, every=10) as (_, driver, results):
            await driver.advance(29.9)
        times = {f"t{place}": [2.0 * place, 10 + 2.0 * place, 20 + 2.0 * place] for place in range(5)}
        assert {name: [at for result, at in results if result.team == name] for name in times} == times
        assert {result.late for result, _ in results} == {0.0}

    async def test_a_slow_team_skips_the_times_that_it_missed_and_holds_up_nobody(self, sandbox, clock):
        sandbox.script("list_inboxes", Ordinary(delay=25), team=sandbox.teams[1])
        async with self.polling(sandbox, clock, every=10, hanging=["t1"]) as (_, driver, results):
            await driver.advance(59.9)
        came = {name: [at for result, at in results if result.team == name] for name in ("t0", "t1")}
        assert came == {"t0": [0, 10, 20, 30, 40, 50], "t1": [27, 32, 42, 52]}
        assert {result.elapsed for result, _ in results} == {0.0, 25.0}

    async def test_teams_come_and_go(self, sandbox, clock):
        async with self.polling(sandbox, clock, every=10) as (fleet, driver, results):
            await driver.advance(5)
            await fleet.remove("t0")
            fleet.add("new", sandbox.add_team("New").secret)
            await driver.advance(20)
        assert [at for result, at in results if result.team == "new"] == [5, 15, 25]
        assert [at for result, at in results if result.team == "t0"] == [0]

    async def test_a_name_that_is_given_to_another_team_is_called_as_that(self, sandbox, clock):
        async with self.polling(sandbox, clock, every=10) as (fleet, driver, results):
            await driver.advance(5)
            await fleet.remove("t0")
            fleet.add("t0", sandbox.teams[1].secret)
            await driver.advance(20)
        assert [at for result, at in results if result.team == "t0"] == [0, 5, 15, 25]

    async def test_an_empty_fleet_waits_for_teams(self, sandbox, clock):
        driver, results = Driver(clock), []

        def came():
            results.append(clock.monotonic())

        async with Fleet({}, base_url=sandbox.url, clock=clock, listeners=[driver]) as fleet:

            async def poll():
                async for _ in fleet.each(list_inboxes, every=10):
                    came()

            task = asyncio.create_task(poll())
            await driver.advance(100)
            fleet.add("t0", sandbox.secret)
            await driver.advance(11)
            task.cancel()
            await asyncio.wait([task])
        assert results == [100, 110]

    async def test_with_one_place_a_late_call_says_how_late_it_is(self, sandbox, clock):
        sandbox.script("list_inboxes", Ordinary(delay=5), team=sandbox.teams[0])
        async with self.polling(sandbox, clock, every=10, concurrency=1, hanging=["t0"]) as (_, driver, results):
            await driver.advance(9.9)
        assert [(result.team, result.late) for result, _ in results] == [
            *(("t0", 0.0), ("t1", 3.0), ("t2", 1.0), ("t3", 0.0), ("t4", 0.0))
        ]

    async def test_a_reader_who_is_slow_slows_the_calls(self, sandbox, clock):
        async with fleet_of(sandbox, clock=clock) as fleet:
            walk = fleet.each(list_inboxes, every=1, concurrency=2)
            await anext(walk)
            for _ in range(100):
                clock.advance(1)
                await settle()
            assert len(sandbox.requests) == 1
            await walk.aclose()


async def test_a_thousand_teams_are_called_in_a_second_or_so():
    async with Sandbox(teams=1000, rate_limit=None) as sandbox:
        async with fleet_of(sandbox) as fleet:
            results = await fleet.gather(list_inboxes)
        assert all(result.ok for result in results.values())
        assert len(results) == len({request.team for request in sandbox.requests}) == 1000
        assert sandbox.connections <= 100
        assert teams_of(sandbox).keys() == results.keys()
