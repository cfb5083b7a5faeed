"""Where the workers count."""

from isrgen.cli.counting import counts_file
from isrgen.edge.counters import Count, Counters


def test_processes_count_in_one_file_that_is_gone_afterwards() -> None:
    with counts_file() as path:
        one, other = Counters(path), Counters(path)
        one.add(Count.HIT)
        other.add(Count.HIT)
        assert one.totals()[Count.HIT] == 2
        one.close()
        other.close()
    assert not path.parent.exists()
