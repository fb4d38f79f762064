"""What the README shows is what a user gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curvedx.diagnosis.classify import classify_curve
from curvedx.readers import read

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")


def test_the_printed_example_is_what_the_released_model_says() -> None:
    command, printed = re.findall(r"```\n\$ curvedx classify (\S+)\n(.*?)\n```", README, flags=re.DOTALL)[0]
    assert printed == str(classify_curve(read(TOP / command)))


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_to_a_file(link: str) -> None:
    assert (TOP / link).is_file()


@pytest.mark.parametrize("name", ["demo", "test"])
def test_both_commands_are_marked_for_ci(name: str) -> None:
    assert re.search(rf"<!-- run: {name} -->\n```bash\n.+?\n```", README, flags=re.DOTALL)
