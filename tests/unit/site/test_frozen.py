"""Data that every render shares."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date
from typing import Any

import pytest

from isrgen.site.frozen import freeze

DATA: dict[Any, Any] = {"menu": [{"url": "/", "tags": ["a"]}], "since": date(2020, 1, 1), 1: ({"deep": []},)}

# each of these would be seen by the next visitor
CHANGES = [
    "data['menu'].append(1)",
    "data['menu'].extend([1])",
    "data['menu'].insert(0, 1)",
    "data['menu'].remove(data['menu'][0])",
    "data['menu'].pop()",
    "data['menu'].clear()",
    "data['menu'].sort()",
    "data['menu'].reverse()",
    "data['menu'].__setitem__(0, 1)",
    "data['menu'].__setitem__(slice(0, 0), [1])",
    "data['menu'].__delitem__(0)",
    "data['menu'].__iadd__([1])",
    "data['menu'].__imul__(2)",
    "data['menu'].__setattr__('visitor', 1)",
    "data['menu'][0].update(visitor=1)",
    "data['menu'][0].setdefault('visitor', 1)",
    "data['menu'][0].pop('url')",
    "data['menu'][0].popitem()",
    "data['menu'][0].clear()",
    "data['menu'][0].__setitem__('visitor', 1)",
    "data['menu'][0].__delitem__('url')",
    "data['menu'][0].__ior__({'visitor': 1})",
    "data['menu'][0].__setattr__('visitor', 1)",
    "data['menu'][0]['tags'].append(1)",
    "data[1][0]['deep'].append(1)",
]


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_in_it_can_be_changed(change):
    frozen = freeze(DATA)
    with pytest.raises((TypeError, AttributeError)):
        eval(change, {"data": frozen})
    assert frozen == DATA


def test_the_error_says_the_way_out():
    with pytest.raises(TypeError, match=r"shared by every visitor.*copy\.deepcopy"):
        freeze({"a": []})["a"].append(1)


def test_it_compares_prints_and_serialises_like_what_it_was_made_from():
    frozen = freeze(DATA)
    assert frozen == DATA
    assert repr(frozen) == repr(DATA)
    assert isinstance(frozen, dict)
    assert isinstance(frozen["menu"], list)
    assert json.dumps(frozen["menu"]) == json.dumps(DATA["menu"])
    assert sorted(freeze([2, 1])) == freeze([2, 1])[::-1] == [1, 2]
    assert freeze([1]) + freeze([2]) == [1, 2]
    assert freeze({"a": 1}) | {"b": 2} == {"a": 1, "b": 2}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda data: pickle.loads(pickle.dumps(data))])
def test_a_deep_copy_may_be_changed_all_the_way_down(copied):
    frozen = freeze(DATA)
    mine = copied(frozen)
    mine["menu"][0]["tags"].append("b")
    mine[1][0]["deep"].append("c")
    mine["visitor"] = 1
    assert frozen == DATA != mine


def test_a_shallow_copy_may_be_changed_where_it_was_copied():
    frozen = freeze(DATA)
    for mine in (copy.copy(frozen), frozen.copy()):
        mine["visitor"] = 1
        copy.copy(mine["menu"]).append(1)
    assert frozen == DATA


def test_freezing_what_is_frozen_costs_nothing():
    frozen = freeze(DATA)
    assert freeze(frozen) is frozen


def test_a_set_becomes_one_that_stays():
    assert freeze({"a": {1, 2}})["a"] == {1, 2}
    assert isinstance(freeze({"a": {1, 2}})["a"], frozenset)
