"""The workspace: what a growing study does to the parts that are open already."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import ct_series
from tests.found import series_of
from viewer.app.settings import Settings
from viewer.app.workspace import Workspace
from viewer.core.study import Entry, Instance, Series


@pytest.mark.parametrize("comes_first", [True, False])
def test_a_presentation_state_is_named_whenever_the_scan_finds_it(
    tmp_path: Path, comes_first: bool
) -> None:
    study, series = series_of(ct_series(tmp_path, 2))
    images = tuple(Entry(study, series, instance) for instance in series.instances)
    state = Instance(
        path="pr",
        origin="pr",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.11.1",
        sop_instance_uid="1.2.3",
        transfer_syntax_uid="",
        modality="PR",
        acquisition=(("referenced_series", series.uid),),
    )
    states = (Entry(replace(study, series=()), Series(uid="9.9"), state),)
    workspace = Workspace(Settings())
    for batch in (states, images) if comes_first else (images, states):
        workspace.add(batch)
    (part,) = workspace.image_parts()
    assert part.warnings == ("a presentation state refers to these images and is not applied",)
    assert workspace.parts[part.key] is part


def test_a_series_is_parted_anew_only_when_something_changed(tmp_path: Path) -> None:
    study, series = series_of(ct_series(tmp_path, 2))
    workspace = Workspace(Settings())
    workspace.add(tuple(Entry(study, series, instance) for instance in series.instances))
    (before,) = workspace.image_parts()
    other = replace(series.instances[0], path="other", sop_instance_uid="1.2.9")
    workspace.add((Entry(study, Series(uid="8.8"), other),))
    assert workspace.parts[before.key] is before
