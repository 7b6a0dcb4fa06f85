"""Every real header by the own walk against pydicom: the same values, attribute by attribute."""

import math
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from viewer.core.errors import BadHeader, DirectoryRecord, NotDicom, UnreadableFile
from viewer.core.study import Entry
from viewer.io.elements import Elements
from viewer.io.header import find_beginning, read_entry, read_header
from viewer.io.reading import opened
from viewer.io.runs import Runs
from viewer.io.sources import FileSource
from viewer.io.tags import WANTED
from viewer.io.values import code, decode_binary, numbers, text

pytestmark = pytest.mark.realdata

_NUMBER_VRS = frozenset({"DS", "IS", "US", "SS", "UL", "SL", "FL", "FD"})
_TEXT_VRS = frozenset({"LO", "SH", "ST", "LT", "UT", "UC", "PN"})
_ODD_ON_PURPOSE = ("malformed",)


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def readable(folder: Path) -> Iterator[Path]:
    """Files that pydicom reads without being forced, outside the malformed ones."""
    for path in files(folder):
        if path.relative_to(folder).parts[0] in _ODD_ON_PURPOSE:
            continue
        with path.open("rb") as file:
            if file.read(132)[128:] == b"DICM":
                yield path


def walk(path: Path, runs: Runs | None = None) -> Elements:
    with opened(str(path)) as file:
        source = FileSource(file)
        elements, _ = read_header(source, find_beginning(source), str(path), runs)
    return elements


def by_pydicom(path: Path) -> Dataset:
    return pydicom.dcmread(path, stop_before_pixels=True)


def joined(value: Any) -> str:
    if value is None:
        return ""
    parts = value if isinstance(value, MultiValue | list) else [value]
    return "\\".join(str(part).strip(" \0\t\r\n") for part in parts).strip(" \0\t\r\n")


def differences(path: Path, elements: Elements, dataset: Dataset) -> list[str]:
    found = []
    for keyword, (tag, vr) in WANTED.items():
        if vr in ("SQ", "OB", "OW", "OF", "OD", "AT") or tag not in dataset:
            is_missing = tag in dataset and keyword not in elements.raw
            if is_missing and vr in ("SQ", "AT"):
                found.append(f"{path.name}: {keyword} was not kept")
            elif tag not in dataset and keyword in elements.raw:
                found.append(f"{path.name}: {keyword} is not in pydicom's data set")
            continue
        theirs = dataset[tag].value
        if not same(keyword, vr, elements, theirs):
            ours = elements.raw.get(keyword)
            found.append(f"{path.name}: {keyword} {ours!r} against {theirs!r}")
    return found


def same(keyword: str, vr: str, elements: Elements, theirs: Any) -> bool:
    if keyword.startswith("PixelPadding"):
        # Implicit VR leaves the sign open; `building` decides by Pixel Representation.
        ours = decode_binary(elements.raw[keyword], "US", is_big=elements.coding.is_big)
        return ours == (() if theirs is None else (theirs % 65536,))
    if vr in _NUMBER_VRS and not isinstance(theirs, bytes | str):
        wanted = list(theirs) if isinstance(theirs, MultiValue | list) else [theirs]
        values = [float(value) for value in wanted if value is not None]
        ours = numbers(elements, keyword)
        return len(ours) == len(values) and all(map(math.isclose, ours, values))
    if isinstance(theirs, bytes):
        return elements.raw.get(keyword) == theirs
    ours = text(elements, keyword) if vr in _TEXT_VRS else code(elements, keyword)
    return ours.replace(" ", "") == displayed(joined(theirs)).replace(" ", "")


def displayed(value: str) -> str:
    """Cut at the length that is kept, without code extensions that pydicom leaves in the text."""
    return re.sub("\x1b[$()*+,./-]{1,2}[@-~]", "", value[:1024].strip()).rstrip("=")


def test_every_value_equals_pydicoms_on_every_well_formed_file(real_data: Path) -> None:
    found, count, compared = [], 0, 0
    runs = Runs()
    for path in readable(real_data):
        dataset = by_pydicom(path)
        if dataset.file_meta.get("MediaStorageSOPClassUID") == "1.2.840.10008.1.3.10":
            continue
        elements = walk(path, runs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found += differences(path, elements, dataset)
        count += 1
        compared += len(elements.raw)
    assert found == []
    assert count > 1000
    assert compared > 50 * count


def test_pixel_data_lies_where_pydicom_finds_it(real_data: Path) -> None:
    count, broken = 0, []
    for path in readable(real_data):
        try:
            layout = read_entry(str(path)).instance.pixels
        except (BadHeader, DirectoryRecord, NotDicom):
            continue
        dataset = pydicom.dcmread(path)
        if layout is None or dataset.file_meta.TransferSyntaxUID.is_deflated:
            continue
        if layout.keyword not in dataset:
            broken.append(path.name)  # the pixel data breaks off, and pydicom gives up
            continue
        element = dataset[layout.keyword]
        assert (layout.rows, layout.columns) == (dataset.Rows, dataset.Columns)
        assert layout.offset == element.file_tell
        assert layout.length == (-1 if element.is_undefined_length else len(element.value))
        count += 1
    assert count > 900
    assert len(broken) <= 2, broken


def test_frames_of_enhanced_objects_equal_pydicoms_functional_groups(real_data: Path) -> None:
    count = 0
    for path in files(real_data / "enhanced"):
        entry = read_entry(str(path))
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        shared = dataset.get("SharedFunctionalGroupsSequence", [Dataset()])[0]
        assert entry.instance.frame_count == int(dataset.NumberOfFrames)
        if "PerFrameFunctionalGroupsSequence" not in dataset:
            continue
        for facts, groups in zip(
            entry.instance.frames, dataset.PerFrameFunctionalGroupsSequence, strict=True
        ):
            if "PlanePositionSequence" in groups and facts.geometry is not None:
                position = groups.PlanePositionSequence[0].ImagePositionPatient
                assert facts.geometry.position_mm == tuple(map(float, position))
                count += 1
            values = groups if "PixelValueTransformationSequence" in groups else shared
            if "PixelValueTransformationSequence" in values:
                rescale = values.PixelValueTransformationSequence[0]
                assert facts.slope == float(rescale.RescaleSlope)
                assert facts.intercept == float(rescale.RescaleIntercept)
    assert count > 70


def test_no_file_ends_in_anything_but_an_entry_or_a_sentence(real_data: Path) -> None:
    entries, sentences = 0, []
    for path in files(real_data):
        try:
            entry = read_entry(str(path))
        except (BadHeader, DirectoryRecord, NotDicom, UnreadableFile) as error:
            sentences.append(error.what)
            continue
        assert isinstance(entry, Entry)
        entries += 1
    assert entries > 1150
    assert all(sentence.endswith(".") and len(sentence) > 15 for sentence in sentences)


def test_names_in_other_character_sets_read_as_pydicom_reads_them(real_data: Path) -> None:
    found = {}
    for path in files(real_data / "media" / "charset_names"):
        try:
            entry = read_entry(str(path))
        except BadHeader:
            continue
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        if "PatientName" in dataset:
            found[path.name] = (entry.study.patient_name, displayed(str(dataset.PatientName)))
    assert len(found) > 8
    assert all(ours == theirs for ours, theirs in found.values()), found
    assert any(not ours.isascii() for ours, _ in found.values())


def test_padding_takes_the_sign_of_the_pixels() -> None:
    assert decode_binary(b"\x30\xf8", "SS", is_big=False) == (-2000,)
    assert decode_binary(b"\x30\xf8", "US", is_big=False) == (63536,)
