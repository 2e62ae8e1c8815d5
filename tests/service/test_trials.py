"""A run that is only looked at: what is published stays until somebody publishes it."""

from __future__ import annotations

import json
import shutil

import pytest

from coterie import Project
from coterie.errors import ParameterError


@pytest.fixture
def project(published_cards, tmp_path):
    return Project(shutil.copytree(published_cards, tmp_path / "cards"))


def trying(project, **fixed):
    return Project(project.folder, project.settings.trying(**fixed))


def test_a_trial_is_looked_at_and_published_later(project):
    before = project.latest.id
    trial = trying(project, algorithm="ward", k=4).run(publish=False)
    assert project.latest.id == before
    assert len(trial.segments) == 4
    assert trial.manifest["parent_run"] == before
    assert {row["run_id"]: row["trial"] for row in project.runs()} == {
        trial.id: True,
        before: False,
    }
    again = trying(project, algorithm="ward", k=4).run(publish=False)
    assert again.id == trial.id
    assert len(project.runs()) == 2
    assert project.publish(trial.id).id == trial.id
    assert {row["trial"] for row in project.runs()} == {False}


def test_settings_that_name_the_candidate_go_on_with_it(project):
    trial = trying(project, algorithm="ward", k=4).run(publish=False)
    project.publish(trial.id)
    same = trying(project, algorithm="ward", k=4).run()
    assert same.manifest["model_id"] == trial.manifest["model_id"]


def test_a_trial_does_not_stand_in_for_a_published_run_that_was_deleted(project):
    first = project.latest
    second = trying(project, algorithm="ward", k=4).run()
    trying(project, algorithm="ward", k=5).run(publish=False)
    shutil.rmtree(second.folder)
    assert trying(project, k=3).run().id == first.id


def test_a_feature_set_is_named_as_the_candidates_are(project):
    (name,) = {row["features"] for row in project.latest.table("candidates").to_pylist()}
    fixed = trying(project, basis=name).run(publish=False)
    ours, theirs = (
        json.dumps(run.table("candidates").to_pylist()) for run in (fixed, project.latest)
    )
    assert ours == theirs
    with pytest.raises(ParameterError, match="basis"):
        trying(project, basis="nothing like it").run(publish=False)
