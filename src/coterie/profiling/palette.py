"""The colours and shapes of charts and reports: one definition, tested for contrast.

Hue means segment and nothing else, and a shape always goes with it. Colours come in
pairs, light and dark; an SVG is drawn in the light ones and then told to use variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = Literal["circle", "square", "triangle", "diamond"]

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

TOKENS: dict[str, tuple[str, str]] = {
    "page": ("#F7F8FA", "#121418"),
    "card": ("#FFFFFF", "#1B1E24"),
    "ink": ("#14181F", "#EEF1F5"),
    "ink-2": ("#465060", "#B7C0CC"),
    "ink-3": ("#5F6B7A", "#98A3B2"),
    "edge": ("#7A8492", "#737D8C"),
    "line": ("#DCE1E8", "#2E333C"),
    "series": ("#3A4452", "#C3CAD4"),
    "danger": ("#B3261E", "#FF8F85"),
    "danger-tint": ("#FDECEA", "#3A1B1A"),
    "warn": ("#8A5300", "#F0B95A"),
    "warn-tint": ("#FFF4DC", "#362A12"),
    "good": ("#17693B", "#6FCF97"),
    "good-tint": ("#E6F4EA", "#16301F"),
    "less2": ("#C9DCF2", "#1F3F63"),
    "less1": ("#E4EEF9", "#1E2C3C"),
    "more1": ("#FBE6CF", "#3A2B19"),
    "more2": ("#F5CB9C", "#5C3D17"),
}
"""Token name to its light and dark colour."""


@dataclass(frozen=True)
class Slot:
    """Hue (light and dark) and shape of a segment."""

    light: str
    dark: str
    shape: Shape


SLOTS: tuple[Slot, ...] = (
    Slot("#264AB6", "#5179E1", "circle"),
    Slot("#A45A00", "#DC8834", "square"),
    Slot("#019F8C", "#79EBDC", "triangle"),
    Slot("#8B3260", "#C44381", "diamond"),
    Slot("#A58B08", "#FDDB6B", "triangle"),
    Slot("#9579E7", "#D7C2FF", "square"),
    Slot("#1B5D3D", "#72A37E", "triangle"),
    Slot("#6D1F05", "#956954", "circle"),
    Slot("#27799E", "#40A5DE", "diamond"),
    Slot("#D66885", "#F4A1B5", "circle"),
    Slot("#70824C", "#C0D49A", "diamond"),
    Slot("#4A176A", "#9A7AA4", "square"),
)
"""Slots 1 to 12, in order."""

GLYPHS: dict[Shape, str] = {"circle": "●", "square": "■", "triangle": "▲", "diamond": "◆"}

_PATHS: dict[Shape, str] = {
    "circle": "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10z",
    "square": "M1.5 1.5h9v9h-9z",
    "triangle": "M6 .8L11.4 10.8H.6z",
    "diamond": "M6 .3L11.7 6L6 11.7L.3 6z",
}


def light(token: str) -> str:
    """Return the light colour of a token."""
    return TOKENS[token][0]


def slot(number: int) -> Slot:
    """Return the slot of this number, from 1; beyond 12 they repeat (with hollow shapes)."""
    return SLOTS[(number - 1) % len(SLOTS)]


def hollow(number: int) -> bool:
    """Say whether the shape of a slot is drawn hollow: the hues are used a second time."""
    return number > len(SLOTS)


def variables(theme: Literal["light", "dark"]) -> str:
    """Return all colours as CSS custom properties of one theme."""
    index = 0 if theme == "light" else 1
    pairs = [f"--{name}: {colours[index]};" for name, colours in TOKENS.items()]
    pairs += [
        f"--slot-{number}: {item.light if theme == 'light' else item.dark};"
        for number, item in enumerate(SLOTS, start=1)
    ]
    return " ".join(pairs)


def by_colour() -> dict[str, str]:
    """Map each light colour, in small letters, to the CSS variable that stands for it."""
    found = {colours[0].lower(): f"var(--{name})" for name, colours in TOKENS.items()}
    return found | {
        item.light.lower(): f"var(--slot-{number})" for number, item in enumerate(SLOTS, start=1)
    }


def mark(number: int) -> str:
    """Return a segment's shape as a small inline SVG; its name must stand beside it."""
    colour = f"var(--slot-{(number - 1) % len(SLOTS) + 1})"
    paint = (
        f'fill="none" stroke="{colour}" stroke-width="2"' if hollow(number) else f'fill="{colour}"'
    )
    return (
        '<svg class="mark" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">'
        f'<path d="{_PATHS[slot(number).shape]}" {paint}/></svg>'
    )
