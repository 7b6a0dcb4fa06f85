"""Reading one header: codings, odd files, limits, and what ends up in the entry."""

import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.builders import Acquisition, build_series, ct_slice, enhanced_ct, text_report, write
from tests.found import instance_of
from viewer.core.errors import BadHeader, DiptychError, NotDicom, UnreadableFile
from viewer.core.study import Entry
from viewer.core.windowing import WindowFunction
from viewer.io.facts import is_iterative
from viewer.io.header import read_entry
from viewer.io.runs import Runs
from viewer.io.sequences import DEPTH_LIMIT
from viewer.io.sources import INFLATED_LIMIT
from viewer.io.tags import WANTED


def save(dataset: Dataset, path: Path, *, implicit: bool = False, big: bool = False) -> Path:
    syntax = ExplicitVRBigEndian if big else ExplicitVRLittleEndian
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else syntax
    dataset.save_as(path, enforce_file_format=True)
    return path


def item(**values: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def nested(depth: int) -> Dataset:
    dataset = item(CodeValue="end")
    for _ in range(depth):
        dataset = item(RequestAttributesSequence=[dataset])
    return dataset


def facts_of(entry: Entry) -> tuple[Any, ...]:
    """Everything that does not depend on how the file is coded."""
    instance = entry.instance
    assert instance.pixels is not None
    return (
        entry.study,
        entry.series,
        instance.frames,
        instance.acquisition,
        instance.padding,
        instance.sop_instance_uid,
        instance.pixels.rows,
        instance.pixels.bits_stored,
    )


# ------------------------------------------------------------------------------ codings


def test_the_dictionary_of_wanted_attributes_is_the_standards() -> None:
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    for keyword, (tag, vr) in WANTED.items():
        if (tag >> 16) % 2 or keyword.startswith("OverlayRows") or tag == 0x00182005:
            continue
        assert tag_for_keyword(keyword) == tag
        assert vr in dictionary_VR(tag), keyword


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_coding_gives_the_same_entry(tmp_path: Path, syntax: str) -> None:
    dataset = ct_slice(2, PixelRepresentation=1)
    dataset.add_new("PixelPaddingValue", "SS", -2000)
    usual = read_entry(str(write(dataset, tmp_path / "usual.dcm")))
    dataset = ct_slice(2, PixelRepresentation=1)
    dataset.add_new("PixelPaddingValue", "SS", -2000)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = bytes(dataset.PixelData)
    other = read_entry(str(write(dataset, tmp_path / "other.dcm", transfer_syntax=syntax)))
    assert facts_of(other) == facts_of(usual)
    assert other.instance.padding == (-2000.0, -2000.0)


def test_pixels_lie_where_the_layout_says(tmp_path: Path) -> None:
    for implicit in (False, True):
        dataset = ct_slice(1)
        path = save(dataset, tmp_path / f"{implicit}.dcm", implicit=implicit)
        layout = instance_of(path).pixels
        assert layout is not None
        content = path.read_bytes()
        assert content[layout.offset : layout.offset + layout.length] == dataset.PixelData


def test_in_deflated_files_the_offset_counts_in_the_inflated_data_set(tmp_path: Path) -> None:
    dataset = ct_slice(1)
    path = write(dataset, tmp_path / "d.dcm", transfer_syntax=DeflatedExplicitVRLittleEndian)
    layout = instance_of(path).pixels
    assert layout is not None
    content = path.read_bytes()
    start = 132 + 12 + struct.unpack("<I", content[140:144])[0]
    data = zlib.decompress(content[start:], -zlib.MAX_WBITS)
    assert data[layout.offset : layout.offset + layout.length] == dataset.PixelData


def test_headers_longer_than_the_first_read_are_read_on(tmp_path: Path) -> None:
    dataset = ct_slice(1)
    block = dataset.private_block(0x0009, "LONG", create=True)
    block.add_new(1, "OB", bytes(100_000))
    block.add_new(2, "SQ", [item(CodeValue=str(k), CodeMeaning="x" * 60) for k in range(2000)])
    dataset.DerivationDescription = "y" * 1000
    instance = instance_of(save(dataset, tmp_path / "l.dcm"))
    assert instance.frames[0].geometry is not None
    assert dict(instance.acquisition)["derivation"] == "y" * 1000


@pytest.mark.parametrize(("dose", "told"), [(6.1, ["6.1"]), (0.0, []), (-1.0, [])])
def test_the_dose_index_is_told_once_and_only_where_it_is_one(
    tmp_path: Path, dose: float, told: list[str]
) -> None:
    instance = instance_of(save(ct_slice(1, CTDIvol=dose), tmp_path / "d.dcm"))
    assert [value for name, value in instance.acquisition if name == "ctdi_vol_mgy"] == told


@pytest.mark.parametrize("implicit", [False, True])
def test_nested_sequences_of_undefined_length_are_stepped_over(
    tmp_path: Path, implicit: bool
) -> None:
    dataset = ct_slice(1)
    dataset.RequestAttributesSequence = [nested(5), nested(3)]
    for element in dataset.iterall():
        if element.VR == "SQ":
            element.is_undefined_length = True
            for inner in element.value:
                inner.is_undefined_length_sequence_item = True
    path = save(dataset, tmp_path / "n.dcm", implicit=implicit)
    assert instance_of(path).frames[0].geometry is not None


def test_a_missing_preamble_and_a_missing_meta_header_are_named(tmp_path: Path) -> None:
    content = save(ct_slice(1), tmp_path / "u.dcm").read_bytes()
    (tmp_path / "meta.dcm").write_bytes(content[132:])
    start = 132 + 12 + struct.unpack("<I", content[140:144])[0]
    (tmp_path / "bare.dcm").write_bytes(content[start:])
    assert instance_of(tmp_path / "meta.dcm").warnings == ("the file has no preamble",)
    bare = instance_of(tmp_path / "bare.dcm")
    assert bare.warnings == ("the file has no preamble and no meta header",)
    assert bare.transfer_syntax_uid == ExplicitVRLittleEndian


def test_a_header_in_another_byte_order_than_stated_is_read_with_a_warning(tmp_path: Path) -> None:
    content = save(ct_slice(1), tmp_path / "u.dcm").read_bytes()
    wrong = content.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.2\0")
    (tmp_path / "w.dcm").write_bytes(wrong)
    instance = instance_of(tmp_path / "w.dcm")
    assert instance.warnings == ("the header is not coded as its transfer syntax says",)
    assert instance.pixels is not None


def test_a_misspelt_value_representation_is_read_all_the_same(tmp_path: Path) -> None:
    content = save(ct_slice(1), tmp_path / "u.dcm").read_bytes()
    wrong = content.replace(b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00ZZ")
    (tmp_path / "w.dcm").write_bytes(wrong)
    layout = instance_of(tmp_path / "w.dcm").pixels
    assert layout is not None
    assert layout.rows == 24


def test_an_irregular_header_goes_through_pydicom(tmp_path: Path) -> None:
    content = save(ct_slice(1), tmp_path / "u.dcm").read_bytes()
    mark = content.index(b"\x18\x00\x60\x00DS")
    value = content[mark + 8 : mark + 8 + content[mark + 6]]
    implicit = content[mark : mark + 4] + struct.pack("<I", len(value)) + value
    spoiled = content[:mark] + implicit + content[mark + 8 + len(value) :]
    (tmp_path / "w.dcm").write_bytes(spoiled)
    instance = instance_of(tmp_path / "w.dcm")
    assert any("irregularly" in words for words in instance.warnings)
    whole = instance_of(tmp_path / "u.dcm")
    assert instance.pixels == whole.pixels
    assert instance.frames == whole.frames


def test_runs_of_known_headers_change_nothing(tmp_path: Path) -> None:
    runs = Runs()
    datasets = build_series(12)
    for place, dataset in enumerate(datasets):
        dataset.PatientComments = "x" * (2 * (place % 3))
        if place % 4 == 3:
            del dataset.KVP
    for place, dataset in enumerate(datasets):
        path = str(save(dataset, tmp_path / f"{place}.dcm"))
        assert read_entry(path, runs=runs) == read_entry(path)
    assert runs.known


# ------------------------------------------------------------------------------ refusals


def refused(path: Path) -> DiptychError:
    with pytest.raises(DiptychError) as caught:
        read_entry(str(path))
    return caught.value


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b"", UnreadableFile, "The file is empty."),
        (b"Dear colleague,\nthe patient is well.\n", NotDicom, "This is a text, not DICOM."),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), NotDicom, "This is a PNG picture, not DICOM."),
        (bytes(range(256)) * 4, NotDicom, "This is not a DICOM file."),
        (bytes(128) + b"DICM", BadHeader, "The header does not say what this is"),
    ],
)
def test_other_files_are_refused_in_words(
    tmp_path: Path, content: bytes, kind: type[DiptychError], words: str
) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(content)
    error = refused(path)
    assert isinstance(error, kind)
    assert words in error.what


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    assert isinstance(refused(tmp_path / "gone.dcm"), UnreadableFile)


@pytest.mark.parametrize("end", [505, 703, 900])
def test_a_header_that_breaks_off_is_damaged(tmp_path: Path, end: int) -> None:
    content = save(ct_slice(1), tmp_path / "u.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[:end])
    assert "breaks off in its header" in refused(tmp_path / "cut.dcm").what


def test_a_value_longer_than_the_file_costs_no_memory(tmp_path: Path) -> None:
    content = save(ct_slice(1), tmp_path / "u.dcm").read_bytes()
    head = content[: content.index(b"\x08\x00\x20\x00DA")]
    lie = b"\x08\x00\x1a\x00UN\0\0" + struct.pack("<I", 0x7FFFFFFE) + b"abc"
    (tmp_path / "lie.dcm").write_bytes(head + lie)
    tracemalloc.start()
    error = refused(tmp_path / "lie.dcm")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(error, BadHeader)
    assert peak < 2_000_000


def test_sequences_may_be_deep_but_not_bottomless(tmp_path: Path) -> None:
    item_start = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    sequence = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff" + item_start
    ends = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    content = save(ct_slice(1), tmp_path / "u.dcm").read_bytes()
    place = content.index(b"\xe0\x7f\x10\x00OW")

    def file(depth: int) -> Path:
        path = tmp_path / f"{depth}.dcm"
        path.write_bytes(content[:place] + sequence * depth + ends * depth + content[place:])
        return path

    assert instance_of(file(DEPTH_LIMIT - 1)).pixels is not None
    assert "nests sequences deeper" in refused(file(DEPTH_LIMIT + 1)).what
    assert "nests sequences deeper" in refused(file(50_000)).what


def test_a_deflate_bomb_is_stopped_early(tmp_path: Path) -> None:
    dataset = text_report()
    path = write(dataset, tmp_path / "u.dcm", transfer_syntax=DeflatedExplicitVRLittleEndian)
    content = path.read_bytes()
    start = 132 + 12 + struct.unpack("<I", content[140:144])[0]
    element = b"\x08\x00\x1a\x00UN\0\0" + struct.pack("<I", 0x7FFFFFFE)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(element)
    for _ in range(400):
        bomb += packer.compress(bytes(1 << 20))
    bomb += packer.flush()
    (tmp_path / "bomb.dcm").write_bytes(content[:start] + bomb)
    assert len(bomb) < 1_000_000
    tracemalloc.start()
    error = refused(tmp_path / "bomb.dcm")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(error, BadHeader)
    assert peak < INFLATED_LIMIT / 4


def test_a_huge_matrix_is_kept_with_a_warning_and_costs_nothing(tmp_path: Path) -> None:
    dataset = ct_slice(1, Rows=65535, Columns=65535)
    tracemalloc.start()
    instance = instance_of(save(dataset, tmp_path / "h.dcm"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
    assert instance.frame_count == 1
    assert any("one image needs" in words for words in instance.warnings)


def test_a_million_frames_are_not_believed(tmp_path: Path) -> None:
    instance = instance_of(save(ct_slice(1, NumberOfFrames=1_000_000), tmp_path / "m.dcm"))
    assert instance.frame_count == 1
    assert "the header says 1000000 frames, the file has room for 1" in instance.warnings


_SMALL = Acquisition(rows=4, columns=4)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_bytes_end_in_an_entry_or_in_words(tmp_path: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["explicit", "implicit", "big", "enhanced"]))
    source = tmp_path / f"{kind}.dcm"
    if not source.exists():
        dataset = (
            enhanced_ct(2, settings=_SMALL)
            if kind == "enhanced"
            else ct_slice(1, settings=_SMALL, RequestAttributesSequence=[nested(2)])
        )
        save(dataset, source, implicit=kind == "implicit", big=kind == "big")
    content = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(100, len(content)))
    spoiled = tmp_path / "spoiled.dcm"
    spoiled.write_bytes(content[:end])
    try:
        entry = read_entry(str(spoiled))
    except DiptychError:
        return
    assert entry.instance.path == str(spoiled)


# ------------------------------------------------------------------------------ values


def test_windows_keep_their_names_and_function(tmp_path: Path) -> None:
    dataset = ct_slice(
        1,
        WindowCenter=[40, -600],
        WindowWidth=[400, 1200],
        WindowCenterWidthExplanation=["SOFT", "LUNG"],
        VOILUTFunction="SIGMOID",
    )
    windows = instance_of(save(dataset, tmp_path / "w.dcm")).frames[0].windows
    assert [(w.centre, w.width, w.name) for w in windows] == [
        (40, 400, "SOFT"),
        (-600, 1200, "LUNG"),
    ]
    assert all(window.function is WindowFunction.SIGMOID for window in windows)


def test_a_window_without_width_is_left_out_and_named(tmp_path: Path) -> None:
    instance = instance_of(save(ct_slice(1, WindowCenter=40, WindowWidth=0), tmp_path / "w.dcm"))
    assert instance.frames[0].windows == ()
    assert "a window in the header is not valid and is left out" in instance.warnings


def test_a_rescale_slope_of_zero_is_not_applied(tmp_path: Path) -> None:
    instance = instance_of(save(ct_slice(1, RescaleSlope=0), tmp_path / "r.dcm"))
    assert (instance.frames[0].slope, instance.frames[0].intercept) == (1.0, 0.0)
    assert any("slope" in words for words in instance.warnings)


def test_padding_is_read_with_its_range(tmp_path: Path) -> None:
    dataset = ct_slice(1)
    dataset.add_new("PixelPaddingValue", "US", 63536)
    dataset.add_new("PixelPaddingRangeLimit", "US", 63000)
    assert instance_of(save(dataset, tmp_path / "p.dcm")).padding == (63000.0, 63536.0)


def test_overlays_and_shutters_are_named_because_they_are_not_drawn(tmp_path: Path) -> None:
    dataset = ct_slice(1, ShutterShape="CIRCULAR")
    dataset.add_new(0x60000010, "US", 24)
    dataset.add_new(0x60020010, "US", 24)
    notes = instance_of(save(dataset, tmp_path / "o.dcm")).notes
    assert notes == ("2 overlay graphics", "display shutter (circular)")


def code_item(value: str, scheme: str) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning="-")


@pytest.mark.parametrize(
    ("attributes", "is_ai"),
    [
        ({}, False),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}, False),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "AI_ENHANCED"]}, True),
        ({"DerivationCodeSequence": [code_item("113087", "DCM")]}, False),
        ({"DerivationCodeSequence": [code_item("DENOISE", "99DIPTYCH")]}, True),
        ({"DerivationCodeSequence": [code_item("123110", "DCM")]}, True),
        ({"ContributingEquipmentSequence": [item(Manufacturer="Somebody")]}, False),
        ({"ContributingEquipmentSequence": [item(Manufacturer="Diptych")]}, True),
        (
            {
                "ContributingEquipmentSequence": [
                    item(PurposeOfReferenceCodeSequence=[code_item("123110", "DCM")])
                ]
            },
            True,
        ),
    ],
)
def test_coded_ai_marks_are_recognised_and_derived_alone_is_none(
    tmp_path: Path, attributes: dict[str, Any], is_ai: bool
) -> None:
    path = save(ct_slice(1, **attributes), tmp_path / "a.dcm")
    assert instance_of(path).is_ai is is_ai
    implicit = save(ct_slice(1, **attributes), tmp_path / "i.dcm", implicit=True)
    assert instance_of(implicit).is_ai is is_ai


def test_loss_is_marked_with_its_ratio(tmp_path: Path) -> None:
    flagged = ct_slice(1, LossyImageCompression="01", LossyImageCompressionRatio=12.5)
    assert instance_of(save(flagged, tmp_path / "f.dcm")).lossy == "lossy 12.5:1"
    assert instance_of(save(ct_slice(1), tmp_path / "n.dcm")).lossy == ""


@pytest.mark.parametrize(
    ("kernel", "reconstruction", "expected"),
    [
        ("B30f", "", False),
        ("Br38f\\3", "", True),
        ("I70f\\2", "", True),
        ("STANDARD", "ITERATIVE", True),
        ("STANDARD", "FILTER_BACK_PROJ", False),
    ],
)
def test_iterative_reconstruction_is_recognised(
    kernel: str, reconstruction: str, expected: bool
) -> None:
    assert is_iterative(kernel, reconstruction) is expected


def test_what_has_no_series_uid_becomes_a_series_of_its_own(tmp_path: Path) -> None:
    uids = set()
    for place in range(2):
        dataset = ct_slice(place, SeriesInstanceUID=None)
        entry = read_entry(str(save(dataset, tmp_path / f"{place}.dcm")))
        uids.add(entry.series.uid)
        assert any("no Series Instance UID" in words for words in entry.instance.warnings)
    assert len(uids) == 2
    assert all(uids)


def test_files_of_a_series_share_what_they_agree_in(tmp_path: Path) -> None:
    first, second = (
        read_entry(str(save(dataset, tmp_path / f"{place}.dcm")))
        for place, dataset in enumerate(build_series(2))
    )
    assert first.study is second.study
    assert first.series is second.series
    assert first.instance.pixels is second.instance.pixels
