"""Damaged real files: each series is enhanced or has a reason in words, and none stops the rest."""

from pathlib import Path

import pytest

from viewer.app.headless import EnhancedSeries, enhance_paths
from viewer.core.errors import UnreadableFile

pytestmark = pytest.mark.realdata

WITH_SERIES = (
    "derived_bad",
    "derived_bad/wrong_vr_rows_ZZ.dcm",
    "fodicom_bad",
    "pydicom_bad/MR_truncated.dcm",
    "pydicom_bad/badVR.dcm",
)
WITHOUT = ("fuzz_cat01_09_a", "orthanc_bad", "wsi_frames_wrong_size", "pydicom_bad/no_meta.dcm")
NEVER_TRUE = ("has changed on disk", "Choose another folder")


def enhanced(source: Path, out: Path) -> tuple[EnhancedSeries, ...]:
    return enhance_paths((source,), "gaussian", 0.4, out, lambda *_: None)


@pytest.mark.parametrize("name", WITH_SERIES)
def test_every_series_has_files_or_a_true_reason(
    real_data: Path, tmp_path: Path, name: str
) -> None:
    results = enhanced(real_data / "malformed" / name, tmp_path / "out")
    assert results
    for result in results:
        assert bool(result.files) != bool(result.refusal), result
        assert all(file.is_file() for file in result.files)
        assert not any(words in result.refusal for words in NEVER_TRUE)


@pytest.mark.parametrize("name", WITHOUT)
def test_files_without_a_series_are_refused_in_words(
    real_data: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(UnreadableFile, match="no slices or radiographs"):
        enhanced(real_data / "malformed" / name, tmp_path / "out")
