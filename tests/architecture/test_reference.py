"""The reference pages know every setting, every command and every figure; none is missing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from benchmarks.figures import FIGURES
from coterie.config import ProjectParams, Settings
from coterie.offers.catalogue import Offer
from coterie.prediction.params import PredictParams
from coterie.privacy.params import PrivacyParams
from coterie.schema import ColumnParams
from coterie.segmentation.base import SegmentationParams
from coterie.segmentation.wishes import Rule, Weights
from coterie.sources.base import Source
from coterie.streaming.params import StreamParams, Webhook

ROOT = Path(__file__).parents[2]
SETTINGS = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GROUPS = "offers|connection|admin|audit|keys|stream"
NAME = rf"(?:(?:{GROUPS}) )?\w[\w-]*"
SHOWN = re.compile(rf"(?:^|`|\$ |cmd: )coterie ({NAME})((?: [^\s`>|]+)*)", re.MULTILINE)
OPTION = re.compile(r"--[a-z][a-z-]*")
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
SECTIONS = {
    "## `[project]`": ProjectParams,
    "## `[sources.NAME]`": Source,
    "## `[columns.X]`": ColumnParams,
    "## `[segmentation]`": SegmentationParams,
    "## Weights of the criteria": Weights,
    "## `[[segmentation.rules]]`": Rule,
    "## `[predict]`": PredictParams,
    "## `[privacy]`": PrivacyParams,
    "## `[[offers]]`": Offer,
    "## `[stream]`": StreamParams,
    "## `[[stream.webhooks]]`": Webhook,
}


def options() -> dict[str, set[str]]:
    """Name the long options of every command; one of a group is called by both words."""
    from typer.main import get_command

    from coterie.cli import app

    commands = dict(get_command(app).commands)
    for group, parts in [(n, c.commands) for n, c in commands.items() if hasattr(c, "commands")]:
        del commands[group]
        commands |= {f"{group} {name}": command for name, command in parts.items()}
    return {
        name: {option for param in command.params for option in param.opts if option[:2] == "--"}
        for name, command in commands.items()
    }


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_is_in_the_reference_and_no_other(title: str) -> None:
    section = SETTINGS.split(title, 1)[1].split("\n## ", 1)[0]
    keys = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    said = {name for cell in keys for name in re.findall(r"`(\w+)`", cell)}
    assert said == set(SECTIONS[title].model_fields)


def test_the_keys_at_the_top_are_in_the_reference() -> None:
    assert not [key for key in Settings.model_fields if key not in SETTINGS]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_settings_shown_on_a_page_are_accepted(page: Path) -> None:
    for shown in TOML.findall(page.read_text(encoding="utf-8")):
        Settings(**tomllib.loads(shown))


def test_every_command_is_in_the_reference() -> None:
    named = set(options())
    assert named == set(re.findall(rf"^\| `coterie ({NAME})", COMMANDS, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_shown_on_a_page_exist_with_their_options(page: Path) -> None:
    known = options()
    for name, rest in SHOWN.findall(page.read_text(encoding="utf-8")):
        assert name in known
        assert set(OPTION.findall(rest)) <= known[name]


def test_every_option_is_in_the_reference() -> None:
    everywhere = {"--project", "--json"}
    for line in COMMANDS.splitlines():
        if shown := re.match(rf"\| `coterie ({NAME})", line):
            said = set(OPTION.findall(line))
            assert said == options()[shown[1]] - everywhere, line
    assert all(option in COMMANDS for option in everywhere)


def test_makefile_targets_of_the_guide_exist() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make (\w+)", guide)):
        assert f"\n{target}:" in makefile


def test_the_figure_of_the_guide_exists() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"NAME=(\w+)", guide)) <= set(FIGURES)
