"""Every hook is on the page for plugin authors, with its signature, and the page invents none."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentd import hookspecs

PAGE = Path(__file__).parents[1] / "docs" / "plugins.md"
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("agentd_")}


def page() -> str:
    """The page, with the bars that a Markdown table escapes."""
    return PAGE.read_text(encoding="utf-8").replace("\\|", "|")


def signature(name: str, hook: Callable[..., Any]) -> str:
    """ "agentd_guards(config: Settings) -> Iterable[Guard]", as it is written in the hook's own module."""
    written = inspect.signature(hook)
    parameters = ", ".join(f"{each.name}: {each.annotation}" for each in written.parameters.values())
    return f"{name}({parameters}) -> {written.return_annotation}"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_documented_with_its_signature(name: str) -> None:
    assert f"`{signature(name, HOOKS[name])}`" in page()


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_where_it_is_declared_when_it_is_called(name: str) -> None:
    assert inspect.getdoc(HOOKS[name])


def test_the_page_shows_no_hook_that_does_not_exist() -> None:
    assert set(re.findall(r"(agentd_\w+)\(", page())) <= HOOKS.keys()
