from __future__ import annotations

import json

import pytest

from coterie.segmentation.dip import Dip
from coterie.segmentation.stability import Returning, Stability
from coterie.segmentation.structure import Structure
from coterie.segmentation.verdict import verdict


def seen(strength: float, gap_z: float, ps: list[float], spike: float = 0.01) -> Structure:
    dips = tuple(Dip(i, 0, p, "spend", 0.8, spike) for i, p in enumerate(ps))
    return Structure(strength, gap_z, dips, 0.9, 1_000)


def back(weighted: float, least: float) -> Stability:
    return Stability(weighted, least, (Returning(least, 0.1, 1.0),), 20)


@pytest.mark.parametrize(
    ("structure", "stability", "word"),
    [
        (seen(0.8, 3.1, [0.009, 0.5]), back(0.1, 0.1), "natural"),
        (seen(0.79, 9, [0.001]), back(0.75, 0.6), "reproducible"),
        (seen(0.99, 3.0, [0.001]), back(0.75, 0.6), "reproducible"),
        (seen(0.99, 9, [0.001, 0.01, 0.01]), back(0.75, 0.6), "reproducible"),
        (seen(0.79, 9, [0.001]), back(0.74, 0.7), "constructed"),
        (seen(0.79, 9, [0.001]), back(0.9, 0.59), "constructed"),
    ],
)
def test_the_word_needs_all_its_conditions(structure: Structure, stability: Stability, word: str):
    found = verdict(structure, stability)
    assert found.word == word
    assert found.sentences[0].startswith(word.capitalize())
    assert bool(found.not_as) is (word == "constructed")


@pytest.mark.parametrize(("gap_z", "continuum"), [(3.0, True), (3.01, False), (-2, True)])
def test_a_cut_of_a_continuum_is_called_one(gap_z: float, continuum: bool):
    found = verdict(seen(0.9, gap_z, [0.5]), back(0.9, 0.9))
    assert found.continuum is continuum
    assert ("convenient cut of a continuum" in found.sentences[1]) is continuum
    assert ("more structure than the margins" in found.sentences[1]) is not continuum


def test_the_feature_behind_a_dip_is_named_once():
    said = verdict(seen(0.9, 9, [0.001, 0.001, 0.4], spike=0.42), back(0.9, 0.9)).sentences
    assert said[2].startswith("2 of 3 segments are set apart")
    assert said[3] == (
        "What sets 2 of them apart is mostly spend, of which 42% have the very same value: "
        "that alone makes a gap."
    )
    assert len(said) == 4


def test_no_dip_is_said_too_and_all_is_json():
    found = verdict(seen(0.9, 9, [0.2]), back(0.9, 0.9))
    assert found.sentences[2].startswith("No segment is set apart")
    assert json.loads(json.dumps(found.to_dict()))["verdict"] == "reproducible"
