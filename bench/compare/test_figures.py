"""Medians, percentiles and ratios, also where a round has no figure."""

import pytest

from compare.figures import Results, median, percentile, ratios, spread


def test_percentile_is_a_value_that_was_measured():
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(list(range(1, 101)), 0.99) == 99
    assert percentile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError):
        percentile([], 0.5)


def test_a_missing_round_counts_neither_in_median_nor_in_spread():
    assert median([1.0, None, 3.0]) == 2.0
    assert spread([1.0, None, 3.0]) == (1.0, 3.0)
    assert median([None]) is None and spread([None]) is None


def test_ratios_pair_the_rounds():
    assert ratios([2.0, 9.0, None, 1.0], [1.0, 3.0, 5.0, 0.0]) == [2.0, 3.0, None, None]


def test_a_failure_leaves_a_hole_and_the_other_rounds_alone():
    results = Results(["ours", "theirs"])
    for ours, theirs in ((4.0, 2.0), (6.0, None)):
        results.begin_round(["tcp1"])
        results.put("tcp1", "ours", ours)
        if theirs is None:
            results.fail("theirs", "tcp1", "it ended")
        else:
            results.put("tcp1", "theirs", theirs)
    assert results.ratios_to("tcp1", "theirs") == [2.0, None]
    assert [(one.round, one.implementation) for one in results.failures] == [(2, "theirs")]


def test_the_best_peer_of_a_row_is_the_one_with_the_best_median():
    results = Results(["ours", "one", "two", "three"])
    for one, two in ((1.0, 9.0), (5.0, 3.0), (5.0, 3.0)):
        results.begin_round(["tcp1"])
        results.put("tcp1", "one", one)
        results.put("tcp1", "two", two)
    assert results.best_of("tcp1", ["one", "two", "three"], True) == "one"
    assert results.best_of("tcp1", ["one", "two", "three"], False) == "two"
    assert results.best_of("tcp1", ["three"], True) is None
