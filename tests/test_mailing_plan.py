"""Who gets which text: templates, CSV files and the plan made of them, with what is wrong row by row."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from heymarket_async import ArgumentError, ConfigurationError
from heymarket_async.mailing import Plan, RowProblem, Template, plan_mailing, read_sheet

GOOD = b"phone,first_name\n+1 510 555 0101,Sam\n1-510-555-0102,Robin\n"
HI = "Hi {first_name}."


def plan_of(text: str, template: str = HI, **options) -> Plan:
    return plan_mailing(read_sheet(text.encode()), template, **options)


def problems_of(plan) -> list[tuple[int, str | None, str]]:
    return [(each.line, each.column, each.what) for each in plan.problems]


class TestATemplate:
    def test_fills_in_the_columns_that_it_names(self):
        template = Template("Hi {first_name}, {city} { city }: {{yes, or no}} {first_name}")
        assert template.columns == ("first_name", "city")
        assert (
            template.fill({"first_name": "Sam", "city": "Bern", "more": "x"}) == "Hi Sam, Bern Bern: {yes, or no} Sam"
        )

    def test_takes_nothing_in_a_value_for_a_column(self):
        assert Template("{a}{b}").fill({"a": "{b}", "b": "{a}"}) == "{b}{a}"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "is empty"),
            ("  ", "is empty"),
            ("Hi {first_name", "single { at character 4"),
            ("Hi first_name}", "single } at character 14"),
            ("Hi {}", "without a name at character 4"),
            ("Hi { }", "without a name at character 4"),
            ("Hi {a{b}}", "single { at character 4"),
            ("Hi {{first_name}}", "{{first_name}} at character 4, which nobody fills in"),
            ("Hi {{ custom.plan }}", "{{custom.plan}} at character 4, which nobody fills in"),
            ("Hi {{{first_name}}}", "{{first_name}}"),
        ],
    )
    def test_refuses_what_would_go_out_as_it_is(self, text, said):
        with pytest.raises(ArgumentError) as caught:
            Template(text)
        assert said in caught.value.message
        assert caught.value.argument == "template"

    @given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), st.text("ab{}", max_size=8))
    def test_that_escapes_its_braces_says_what_was_written(self, words, more):
        text = f"x{words}{more}"
        escaped = text.replace("{", "{{").replace("}", "}}")
        assume(not re.search(r"\{\{\s*[\w.]+\s*\}\}", escaped))
        assert Template(escaped).fill({}) == text

    def test_does_not_show_its_text(self):
        assert "order" not in repr(Template("Your order has shipped, {first_name}."))


class TestASheet:
    @pytest.mark.parametrize(
        "data",
        [
            GOOD,
            GOOD.replace(b"\n", b"\r\n"),
            GOOD.replace(b",", b";"),
            GOOD.replace(b",", b"\t"),
            GOOD.decode().encode("utf-8-sig"),
            GOOD.decode().encode("utf-16"),
            GOOD + b"\n,\n\n",
            GOOD.replace(b"\n", b",,\n"),
            b'"phone" , "first_name"\n'.replace(b" ", b"") + GOOD.partition(b"\n")[2],
        ],
    )
    def test_is_read_as_spreadsheets_write_it(self, data):
        sheet = read_sheet(data)
        assert sheet.problems == ()
        assert [(row.line, row.values["phone"], row.values["first_name"]) for row in sheet.rows] == [
            (2, "+1 510 555 0101", "Sam"),
            (3, "1-510-555-0102", "Robin"),
        ]

    def test_tells_lines_of_the_file_though_a_cell_has_several(self):
        sheet = read_sheet(b'phone,note\n1,"a\nb\nc"\n\n2,d\n')
        assert [row.line for row in sheet.rows] == [2, 6]

    @pytest.mark.parametrize(
        ("data", "problems"),
        [
            (b"", [(1, None, "is no row of column names")]),
            (b"\n\n", [(1, None, "is no row of column names")]),
            (b"phone,first_name\n", [(1, None, "is the only row: there are no people")]),
            (b"phone,phone\n1,2\n", [(1, "phone", "is the name of several columns")]),
            (
                b"phone,a\n1\n2,3\n4,5,6\n",
                [(2, None, "has too few cells: 1 for 2 columns"), (4, None, "has too many cells: 3 for 2 columns")],
            ),
            (b'phone,a\n1,2\n"3,4\n', [(3, None, "is not CSV: unexpected end of data")]),
            (b'phone,a\n1,2\n"3"x,4\n', [(3, None, "is not CSV: ',' expected after '\"'")]),
        ],
    )
    def test_says_what_is_wrong_row_by_row(self, data, problems):
        assert problems_of(read_sheet(data)) == problems

    def test_in_another_encoding_says_which_lines_are_not_in_this_one(self):
        data = "phone,name\n1,Zoë\n2,Sam\n3,José\n".encode("cp1252")
        assert problems_of(read_sheet(data)) == [
            (2, None, "is not UTF-8: byte 5 of it is no character"),
            (4, None, "is not UTF-8: byte 6 of it is no character"),
        ]
        assert [row.values["name"] for row in read_sheet(data, encoding="cp1252").rows] == ["Zoë", "Sam", "José"]

    def test_in_half_of_utf_16_has_a_problem(self):
        (problem,) = read_sheet("phone\n1".encode("utf-16")[:-1]).problems
        assert "UTF-16" in problem.what

    @pytest.mark.parametrize("encoding", ["no-such", "base64", "", None, 5])
    def test_refuses_an_encoding_that_is_none(self, encoding):
        with pytest.raises(ArgumentError) as caught:
            read_sheet(GOOD, encoding=encoding)
        assert caught.value.argument == "encoding"

    @given(st.binary(max_size=200))
    def test_of_any_bytes_has_rows_or_problems_and_no_error(self, data):
        sheet = read_sheet(data)
        assert sheet.rows or sheet.problems

    @given(st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=2, max_size=2), min_size=1))
    def test_gives_the_cells_that_were_written(self, cells):
        written = io.StringIO(newline="")
        csv.writer(written).writerows([["phone", "name"], *cells])
        rows = read_sheet(written.getvalue().encode()).rows
        wanted = [[cell.strip() for cell in row] for row in cells]
        assert [[row.values["phone"], row.values["name"]] for row in rows] == [row for row in wanted if any(row)]

    def test_does_not_show_what_is_in_it(self):
        shown = repr(read_sheet(b"phone,name\n+15105550101,Samantha\n"))
        assert "Samantha" not in shown
        assert "5550101" not in shown


class TestAPlan:
    def test_has_a_text_and_a_cost_for_everyone(self):
        plan = plan_of("phone,first_name\n+1 510 555 0101,Sam\n1-510-555-0102,Zoё\n", "Hi {first_name}" + "." * 80)
        assert plan.problems == ()
        assert [(each.line, each.phone, each.text[:6]) for each in plan.people] == [
            (2, "15105550101", "Hi Sam"),
            (3, "15105550102", "Hi Zoё"),
        ]
        assert [each.parts.count for each in plan.people] == [1, 2]
        assert plan.parts == 3

    @pytest.mark.parametrize(
        ("row", "problem"),
        [
            ("510 555 0103,Sam", ("phone", "seems to lack its country code")),
            (",Sam", ("phone", "is empty")),
            ("hello,Sam", ("phone", "holds something that is no part of a phone number")),
            ("1.5105550101E+10,Sam", ("phone", "holds something that is no part of a phone number")),
            ("+15105550103,", ("first_name", "is empty")),
            ('+15105550103,"  "', ("first_name", "is empty")),
            ('+15105550103,"S\nam"', ("first_name", "holds a line break or a control character")),
            ("(510) 555-0101 x5,Sam", ("phone", "has an extension, which no text can reach: leave it out")),
            ("+1 (510) 555.0101,Robin", ("phone", "is the number of line 2 again")),
            ("0015105550101,Robin", ("phone", "is the number of line 2 again")),
        ],
    )
    def test_says_what_is_wrong_with_a_row(self, row, problem):
        plan = plan_of(f"phone,first_name\n15105550101,Ann\n{row}\n")
        assert problems_of(plan) == [(3, *problem)]

    def test_says_all_that_is_wrong_in_the_order_of_the_rows(self):
        plan = plan_of("phone,first_name\n5,\n15105550101,A\n15105550102\n15105550101,B\n")
        assert [(line, column) for line, column, _ in problems_of(plan)] == [
            (2, "first_name"),
            (2, "phone"),
            (4, None),
            (5, "phone"),
        ]

    def test_says_which_columns_are_missing_and_which_are_there(self):
        assert problems_of(plan_of("mobile,first_name\n1,2\n", "Hi {first_name} {last name}")) == [
            (1, "phone", "is no column: there are mobile, first_name"),
            (1, "last name", "is no column: there are mobile, first_name"),
        ]

    def test_shows_no_number_of_a_file_without_a_head(self):
        problem = plan_of("+15105550101,Sam\n+15105550102,Robin\n").problems[0]
        assert problem.what == "is no column: there are •••, Sam"
        assert "5550101" not in repr(problem)

    def test_of_a_file_that_cannot_be_read_says_only_that(self):
        assert problems_of(plan_of("")) == [(1, None, "is no row of column names")]

    def test_refuses_texts_of_too_many_parts(self):
        plan = plan_of(f"phone,first_name\n15105550101,Sam\n15105550102,{'x' * 400}\n", most_parts=2)
        assert problems_of(plan) == [(3, None, "makes a text of 3 parts, and at most 2 are allowed")]

    def test_reads_national_numbers_where_it_is_told_the_country(self):
        plan = plan_of("mobile,first_name\n(510) 555-0101,Sam\n", phone_column="mobile", region="US")
        assert [person.phone for person in plan.people] == ["15105550101"]

    @pytest.mark.parametrize(("argument", "value"), [("phone_column", ""), ("most_parts", 0), ("most_parts", "2")])
    def test_refuses_an_argument_that_makes_no_sense(self, argument, value):
        with pytest.raises(ArgumentError) as caught:
            plan_of(GOOD.decode(), **{argument: value})
        assert caught.value.argument == argument

    def test_refuses_a_country_that_is_none(self):
        with pytest.raises(ConfigurationError, match="two-letter country"):
            plan_of(GOOD.decode(), region="Atlantis")

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["+1 510 555 01{:02}", "1510-555-01{:02}", "001 (510) 55501{:02}"]), st.integers(0, 9)
            ),
            min_size=1,
            max_size=12,
        )
    )
    def test_has_each_number_once_and_names_every_repeat(self, written):
        numbers = [writing.format(number) for writing, number in written]
        plan = plan_of("phone,first_name\n" + "".join(f"{number},Sam\n" for number in numbers))
        wanted = {f"151055501{number:02}" for _, number in written}
        assert {person.phone for person in plan.people} == wanted
        assert len(plan.people) == len(wanted)
        assert len(plan.problems) == len(written) - len(wanted)

    def test_shows_nothing_personal(self):
        shown = repr(plan_of("phone,first_name\n15105550101,Samantha\n")) + repr(
            plan_of("phone,first_name\n15105550101,Samantha\n").people[0]
        )
        assert "Samantha" not in shown
        assert "5550101" not in shown


def test_a_problem_says_its_place():
    assert repr(RowProblem(line=5, column="phone", what="is empty")) == (
        "RowProblem(line=5, column='phone', what='is empty')"
    )
