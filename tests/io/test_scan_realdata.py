"""The whole folder of real data: every file is accounted for, quickly and in little memory."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.found import scanned
from viewer.app.informing import describe, text
from viewer.core.partition import geometry_of, parts
from viewer.core.study import PartKind, ScanReport, SeriesPart

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def report(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ScanReport:
    return scanned(real_data, unpack=tmp_path_factory.mktemp("unpacked"))


def parts_in(folder: Path, unpack: Path) -> list[SeriesPart]:
    report = scanned(folder, unpack=unpack)
    return [
        part for study in report.studies for series in study.series for part in parts(study, series)
    ]


def test_every_file_is_under_a_series_or_among_the_skipped(
    report: ScanReport, real_data: Path
) -> None:
    listed = {skipped.origin for skipped in report.skipped}
    for study in report.studies:
        for series in study.series:
            listed |= {instance.origin for instance in series.instances}
    there = {str(path) for path in real_data.rglob("*") if path.is_file()}
    opened = {path for path in there if path.endswith(".zip")}
    assert there - opened <= listed
    assert all(any(origin.startswith(f"{path}/") for origin in listed) for path in opened)
    assert all(skipped.reason.endswith(".") for skipped in report.skipped)


def test_everything_can_be_described_and_told(report: ScanReport) -> None:
    answer = describe(report)
    assert answer["counts"]["files"] > 1150
    assert len(text(report).splitlines()) > 1200
    for study in answer["studies"]:
        for series in study["series"]:
            in_parts = {path for part in series["parts"] for path in part["files"]}
            copies = any("copy" in words for part in series["parts"] for words in part["warnings"])
            assert copies or in_parts == {file["path"] for file in series["files"]}


def test_every_volume_has_a_geometry(report: ScanReport) -> None:
    count = 0
    for study in report.studies:
        for series in study.series:
            for part in parts(study, series):
                geometry = geometry_of(part)
                if part.kind is PartKind.VOLUME:
                    assert geometry is not None
                    assert geometry.shape[0] == len(part.sources)
                    count += 1
    assert count > 60


def test_the_scan_is_quick_and_needs_little_memory(real_data: Path, tmp_path: Path) -> None:
    program = (
        "import sys, resource; from pathlib import Path; from tests.found import scanned;"
        "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "scanned(Path(sys.argv[1]), unpack=Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base)"
    )
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, str(real_data), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert time.monotonic() - start < 30
    grown_kb = int(done.stdout) // (1024 if sys.platform == "darwin" else 1)
    assert grown_kb < 200_000


@pytest.mark.parametrize(
    ("folder", "labels"),
    [
        ("ct/chest_lidc0314_1mm_jls", [("volume", "", 150)]),
        ("pet/qin_headneck_pet_wb", [("volume", "", 299)]),
        ("mr/brain_siemens_mprage_3d", [("volume", "", 100)]),
        (
            "geometry/derived_duplicate_positions",
            [("volume", "", 6), ("volume", "duplicate positions", 2)],
        ),
        (
            "geometry/derived_localizer_in_series",
            [("volume", "axial, 288 × 288", 5), ("volume", "sagittal, 288 × 128", 1)],
        ),
        (
            "geometry/dwi_ge_14dirs_same_positions",
            [
                ("volume", "b 0", 2),
                *(("volume", f"b 1000, direction {k} of 6", 2) for k in range(1, 7)),
            ],
        ),
        (
            "enhanced/mr_philips_fieldmap",
            [("volume", "MAGNITUDE", 32), ("volume", "REAL", 32)],
        ),
        ("enhanced/mr_moving_knee", [("frames", "19 time points at one position", 19)]),
        ("xa/xa_rubo_96frames", [("frames", "", 96)]),
    ],
)
def test_real_series_are_parted_as_they_were_acquired(
    real_data: Path, tmp_path: Path, folder: str, labels: list[tuple[str, str, int]]
) -> None:
    found = parts_in(real_data / folder, tmp_path)
    assert [(part.kind.value, part.label, len(part.sources)) for part in found] == labels


def test_gantry_tilt_of_a_real_head_is_found(real_data: Path, tmp_path: Path) -> None:
    (part,) = parts_in(real_data / "geometry/head_ge_tilt18", tmp_path)
    geometry = geometry_of(part)
    assert geometry is not None
    assert geometry.is_tilted
    assert any("tilt 18" in words for words in geometry.warnings)


def test_missing_slices_and_non_square_pixels_are_seen(real_data: Path, tmp_path: Path) -> None:
    (gap,) = parts_in(real_data / "geometry/derived_missing_slices", tmp_path)
    (wide,) = parts_in(real_data / "geometry/derived_nonsquare_pixels", tmp_path)
    first, second = geometry_of(gap), geometry_of(wide)
    assert first is not None
    assert second is not None
    assert first.has_gaps
    assert second.spacing_mm[1] == pytest.approx(2 * second.spacing_mm[2], rel=1e-4)


def test_real_mosaics_are_plain_images(real_data: Path, tmp_path: Path) -> None:
    found = parts_in(real_data / "geometry/mosaic_siemens_ax_cor_sag", tmp_path)
    assert {part.kind for part in found} == {PartKind.FRAMES}
    assert all(any("mosaic of 35 tiles" in words for words in part.warnings) for part in found)


def test_a_real_presentation_state_is_named_on_its_images(report: ScanReport) -> None:
    warned = [
        part.series_uid
        for study in report.studies
        for series in study.series
        for part in parts(study, series)
        if any("presentation state" in words for words in part.warnings)
    ]
    assert warned
