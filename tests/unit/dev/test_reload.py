import asyncio
import subprocess
from collections.abc import Callable

import pytest

from isrgen.dev.reload import Step, events, inject, next_step, script, shown
from isrgen.dev.state import State
from isrgen.errors import Problem

BROKEN = (Problem("no"),)

# (the state, the build this worker serves, the number the page carries) -> what the browser is told
STEPS = {
    "nothing happened": (State(5, 5), 5, 5, Step.WAIT),
    "a later build is served elsewhere": (State(6, 6), 5, 5, Step.END),
    "the successor answers beside its elder": (State(6, 6, settled=False), 6, 5, Step.WAIT),
    "the successor answers alone": (State(6, 6), 6, 5, Step.RELOAD),
    "the site broke": (State(6, 5, BROKEN), 5, 5, Step.RELOAD),
    "it is still broken in the same way": (State(6, 5, BROKEN), 5, 6, Step.WAIT),
    "it broke in another way": (State(7, 5, BROKEN), 5, 6, Step.RELOAD),
    "it was mended and this worker is old": (State(8, 8), 5, 7, Step.END),
    "the first build failed": (State(3, 0, BROKEN), 0, 3, Step.WAIT),
}


@pytest.mark.parametrize(("state", "mine", "seen", "step"), STEPS.values(), ids=STEPS.keys())
def test_a_browser_is_told_to_reload_once_there_is_something_else_to_see(
    state: State, mine: int, seen: int, step: Step
) -> None:
    assert next_step(state, mine, seen) is step


@pytest.mark.parametrize(("state", "mine"), [(s, m) for s, m, _, _ in STEPS.values()])
def test_a_page_that_was_just_loaded_is_not_reloaded_by_the_worker_that_sent_it(
    state: State, mine: int
) -> None:
    assert next_step(state, mine, shown(state, mine)) is not Step.RELOAD


def test_the_stream_waits_for_the_change_and_sends_one_event() -> None:
    states = iter([State(1, 1), State(1, 1), State(2, 1, BROKEN)])

    async def collect() -> list[str]:
        return [text async for text in events(lambda: next(states), 1, 1)]

    assert asyncio.run(collect()) == ["retry: 200\n\n", "event: reload\ndata: \n\n"]


def test_a_worker_that_was_overtaken_ends_the_stream_without_an_event() -> None:
    async def collect() -> list[str]:
        return [text async for text in events(lambda: State(2, 2), 1, 1)]

    assert asyncio.run(collect()) == ["retry: 200\n\n"]


def test_the_script_goes_before_the_end_of_the_body_or_to_the_end() -> None:
    assert inject(b"<body>a</body>", 7).startswith(b"<body>a<script")
    assert inject(b"<p>a", 7).startswith(b"<p>a<script")
    assert b"seen=7" in inject(b"", 7)
    assert "seen=7" in script(7)


PAGE = """
const heard = {};
let reloads = 0, closed = 0;
class EventSource { addEventListener(name, act) { heard[name] = act; } close() { closed += 1; } }
const addEventListener = (name, act) => { heard[name] = act; };
const location = { reload() { reloads += 1; } };
"""


@pytest.mark.parametrize(
    ("events", "reloads"),
    [
        ("", 0),
        ("heard.reload();", 1),
        ("heard.pageshow({persisted: false});", 0),
        ("heard.pagehide(); heard.pageshow({persisted: true});", 1),
    ],
)
def test_a_page_loads_again_when_told_or_when_the_browser_takes_it_out_of_its_own_cache(
    require: Callable[..., str], events: str, reloads: int
) -> None:
    source = f"{PAGE}{script(7)}{events}console.log(reloads);"
    done = subprocess.run([require("node"), "-e", source], capture_output=True, text=True, check=True)
    assert int(done.stdout) == reloads
