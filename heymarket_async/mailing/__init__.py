"""One text to each of many people, once: checked before, journalled while it goes out, gone on with after a crash.

A *mailing* is a template, the people of a table, and a journal, which is an SQLite file.
"""

from heymarket_async.mailing.mailing import Mailing
from heymarket_async.mailing.plan import Person, Plan, plan_mailing
from heymarket_async.mailing.results import MailingResult, MailingState
from heymarket_async.mailing.sheet import Row, RowProblem, Sheet, read_sheet
from heymarket_async.mailing.template import Template

__all__ = [
    "Mailing",
    "MailingResult",
    "MailingState",
    "Person",
    "Plan",
    "Row",
    "RowProblem",
    "Sheet",
    "Template",
    "plan_mailing",
    "read_sheet",
]
