"""The named transfer functions of volume rendering."""

from pathlib import Path

import pytest

from viewer.core.errors import DamagedStore
from viewer.core.places import data_folder
from viewer.render.presets import Projection, default_preset, load_presets

SHIPPED = data_folder("resources") / "volume_presets.toml"

GOOD = """
[[preset]]
id = "one"
name = "One"
unit = "HU"
opacity = [[0, 0.0], [100, 1.0]]
colour = [[0, 0.0, 0.0, 0.0], [100, 1.0, 1.0, 1.0]]
"""


def test_the_shipped_presets_cover_bone_soft_tissue_lung_vessels_mr_and_mip() -> None:
    presets = {preset.id: preset for preset in load_presets(SHIPPED)}
    wanted = {"ct-bone", "ct-soft-tissue", "ct-lung", "ct-vessels", "mr-default", "mip"}
    assert wanted <= presets.keys()
    assert presets["mip"].projection is Projection.MIP
    for preset in presets.values():
        assert all(0 <= amount <= 1 for _, amount in preset.opacity)
        assert all(0 <= level <= 1 for place in preset.colour for level in place[1:])


def test_each_modality_gets_a_preset_in_its_own_unit() -> None:
    presets = load_presets(SHIPPED)
    named = {
        (modality, unit): default_preset(presets, modality, unit)
        for modality, unit in (("CT", "HU"), ("MR", "stored"), ("PT", "SUVbw"), ("CT", "stored"))
    }
    assert {key: made and made.id for key, made in named.items()} == {
        ("CT", "HU"): "ct-bone",
        ("MR", "stored"): "mr-default",
        ("PT", "SUVbw"): "mip",
        ("CT", "stored"): "mip",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("preset = [", "could not be read"),
        (GOOD.replace('unit = "HU"', ""), "one"),
        (GOOD.replace("[100, 1.0]]", "[-5, 1.0]]"), "do not rise"),
        (GOOD + 'projection = "blur"', "one"),
    ],
)
def test_a_damaged_preset_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "presets.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DamagedStore, match=words):
        load_presets(file)


def test_a_missing_file_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(DamagedStore, match=r"nowhere\.toml"):
        load_presets(tmp_path / "nowhere.toml")
