"""The names a site imports from ``isrgen``: there when they are asked for, and not before."""

import subprocess
import sys

import pytest

import isrgen
from isrgen.http import context, headers, request, response
from isrgen.server import edge_cache

HOMES = (context, edge_cache, headers, request, response)


@pytest.mark.parametrize("name", isrgen.__all__)
def test_a_public_name_is_what_its_module_defines(name: str) -> None:
    assert getattr(isrgen, name) in [getattr(module, name, None) for module in HOMES]
    assert name in dir(isrgen)


def test_a_name_that_is_not_there_is_told_as_python_does() -> None:
    with pytest.raises(AttributeError, match="module 'isrgen' has no attribute 'Requst'"):
        isrgen.Requst  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Requst' from 'isrgen'"):
        from isrgen import Requst  # noqa: F401


def test_importing_isrgen_imports_none_of_its_rooms() -> None:
    code = "import sys, isrgen; print([name for name in sys.modules if name.startswith('isrgen.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
