"""`docs/metrics.md` and the metrics are the same list, and its target lines are buckets."""

from __future__ import annotations

import re
from pathlib import Path

from agentd.telemetry import metrics
from agentd.telemetry.metrics import Figures, Metrics

PAGE = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text(encoding="utf-8")


def exposed() -> dict[str, str]:
    """name -> type, as Prometheus reads them."""
    made = Metrics()
    made.watch(Figures(*[lambda: 0] * 4))
    return dict(re.findall(r"^# TYPE (\S+) (\w+)$", made.exposition().decode(), re.MULTILINE))


def test_every_metric_has_its_row_and_every_row_its_metric() -> None:
    rows = re.findall(r"^\|[^|]*\| `(agentd_\w+)` \||^\| `(agentd_\w+)` \|", PAGE, re.MULTILINE)
    listed = [first or second for first, second in rows]
    assert sorted(listed) == sorted(name for name in exposed() if not name.endswith("_created"))


def test_the_queries_of_the_page_ask_for_metrics_that_are_there() -> None:
    asked = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\b(agentd_\w+)[\[{]", PAGE)}
    assert asked
    assert asked <= exposed().keys()


def test_target_lines_are_buckets() -> None:
    assert {0.5, 1.2, 2.0, 3.0} <= set(metrics.SECONDS)
    assert {0.24, 0.5, 0.7} <= set(metrics.HEARING)
    assert 0.2 in metrics.HALT
    assert 12 in metrics.TURNS
    assert 0.1 in metrics.LOOP
