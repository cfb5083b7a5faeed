"""What ``run_atheris.py`` fuzzes holds of the inputs it begins with, and of what is near them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz_targets import TARGETS, Target
from fuzzing import FUZZ
from hypothesis import given
from hypothesis import strategies as st

SEEDS = [(target, seed) for target, seeds in TARGETS.items() for seed in seeds]


@pytest.mark.parametrize(("target", "seed"), SEEDS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_target_holds_of_its_seeds(target: Target, seed: bytes) -> None:
    target(seed)


@FUZZ
@given(st.sampled_from(SEEDS), st.binary(max_size=5), st.integers(0, 80))
def test_a_target_holds_of_what_is_nearly_a_seed(case: tuple[Target, bytes], noise: bytes, at: int) -> None:
    target, seed = case
    target(seed[:at] + noise + seed[at + len(noise) :])


def test_the_documentation_of_the_script_names_a_target() -> None:
    text = Path(__file__).with_name("run_atheris.py").read_text()
    assert f"run_atheris.py {next(iter(TARGETS)).__name__} " in text
