"""What the comparison of instruction counts makes of a dump, and of a change."""

from instructions import _own_cost, compare

_DUMP = """positions: line
events: Ir
ob=/build/program
fn=measured
12 100
cob=/lib/libc.so.6
cfn=memcpy
calls=3 0
12 5000
cfn=step
calls=1 20
12 70
fn=step
20 70
ob=/lib/libc.so.6
fn=memcpy
0 5000
cfn=memmove
calls=9 0
0 10
"""


def _counts(instructions, calls=1.0):
    return {"step": {"instructions": instructions, "library calls": calls}}


def test_only_the_programs_own_instructions_count_and_each_once():
    assert _own_cost(_DUMP, "/build/program") == (170, 3)


def test_more_than_5_percent_worse_fails_and_is_in_the_table():
    table, worse, _ = compare(_counts(105.1), _counts(100.0))
    assert worse and "+5.1 %" in table
    assert not compare(_counts(105.0), _counts(100.0))[1]


def test_one_call_of_a_library_more_fails_where_there_was_none():
    assert compare(_counts(100.0, 0.01), _counts(100.0, 0.0))[1]
    assert not compare(_counts(100.0, 0.0), _counts(100.0, 0.0))[1]


def test_more_than_5_percent_better_asks_for_a_new_file():
    assert compare(_counts(94.9), _counts(100.0))[1:] == (False, True)
    assert compare(_counts(95.1), _counts(100.0))[1:] == (False, False)


def test_a_step_that_the_file_does_not_have_asks_for_a_new_one():
    assert compare({**_counts(1.0), "new": _counts(1.0)["step"]}, _counts(1.0))[1:] == (False, True)
