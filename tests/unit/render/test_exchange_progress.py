"""Progress of an exchange in words."""

from __future__ import annotations

import pytest

from audctl.render.exchange_progress import ExchangeProgress, progress_line


@pytest.mark.parametrize(
    ("rows", "share", "seconds", "line"),
    [
        (0, None, 0.0, "matching people"),
        (1_200_000, 0.25, 1.5, "matching people: 1,200,000 rows, 800,000/s, 4 s left"),
        (10, 0.001, 10.0, "matching people: 10 rows, 1/s, 166 min left"),
        (10, None, 0.0, "matching people: 10 rows"),
        (0, 0.5, 3.0, "matching people: 3 s left"),
    ],
)
def test_a_line_tells_what_can_be_told(
    rows: int, share: float | None, seconds: float, line: str
) -> None:
    assert progress_line("matching people", rows, share, seconds) == line


def test_lines_come_at_intervals_and_at_once_where_the_work_is_another() -> None:
    times = iter([0.0, 0.1, 0.25, 0.3])
    shown: list[str] = []
    told = ExchangeProgress(shown.append, times.__next__)
    told.advanced("a", 0, None)
    told.advanced("a", 1, None)
    told.advanced("a", 2, None)
    told.advanced("b", 0, None)
    assert shown == ["a", "a: 2 rows, 8/s", "b"]
