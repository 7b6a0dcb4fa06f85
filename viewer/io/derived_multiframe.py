"""Derived enhanced multi-frame images: one file, functional groups kept, sources by frame.

Source: DICOM PS3.3 C.7.6.16 (functional groups), C.7.6.16.2.6 (Derivation Image),
C.7.6.16.2.9 (Pixel Value Transformation), C.8.16.1 (Image Type and Frame Type).
"""

from viewer.io import pydicom_first  # noqa: F401 (before any part of pydicom)

# isort: split
from pydicom import uid as uids
from pydicom.dataset import Dataset

from viewer.core.errors import NotSaved
from viewer.core.study import FrameSource, SeriesPart
from viewer.core.volume import ARBITRARY, DerivedVolume, Frames
from viewer.io import coding, identity, inheritance
from viewer.io.derived_image import (
    WHAT,
    Plan,
    derived_header,
    put_pixels,
    source_format,
)
from viewer.io.safely import NOTHING_CHANGED
from viewer.io.stored_format import (
    FormatRules,
    StoredFormat,
    decimal_text,
    extremes,
    stored_format,
    stored_values,
)

_RULES = {
    uids.EnhancedCTImageStorage: FormatRules(needs_rescale=True, least_bits=12, least_allocated=16),
    uids.LegacyConvertedEnhancedCTImageStorage: FormatRules(
        needs_rescale=True, least_bits=12, least_allocated=16
    ),
    uids.EnhancedMRImageStorage: FormatRules(needs_rescale=True),
    uids.LegacyConvertedEnhancedMRImageStorage: FormatRules(needs_rescale=True, least_allocated=16),
    uids.EnhancedPETImageStorage: FormatRules(
        has_no_intercept=True, needs_rescale=True, least_bits=16, least_allocated=16
    ),
}
ENHANCED_CLASSES = frozenset(_RULES)
"""SOP classes that are written as one multi-frame file."""

_FRAME_TYPES = (
    "CTImageFrameTypeSequence",
    "MRImageFrameTypeSequence",
    "PETFrameTypeSequence",
)


_SCAN = """
    PulseSequenceName MRAcquisitionType EchoPulseSequence MultipleSpinEcho MultiPlanarExcitation
    PhaseContrast TimeOfFlightContrast ArterialSpinLabelingContrast SteadyStatePulseSequence
    EchoPlanarPulseSequence SaturationRecovery SpectrallySelectedSuppression OversamplingPhase
    SegmentedKSpaceTraversal GeometryOfKSpaceTraversal RectilinearPhaseEncodeReordering
    CoverageOfKSpace NumberOfKSpaceTrajectories BulkMotionCompensationTechnique
"""
_ORIGINAL_ONLY = tuple(_SCAN.split())
"""MR attributes of the scan that only ORIGINAL and MIXED images may have (C.8.13.4, C.7.6.18.3)."""


def derived_multiframe(
    header: Dataset, part: SeriesPart, enhanced: DerivedVolume | Frames, plan: Plan
) -> Dataset:
    """Return the derived image of all frames of a part that lie in one file.

    Frames stay in the file's order. Where the part is a subset of the frames, the others are left
    out and dimension indices are counted anew, as each object must count from 1.

    Raises
    ------
    NotSaved : the file has fewer frames than were opened.
    """
    order = sorted(range(len(part.sources)), key=lambda index: part.sources[index].index)
    frames = [part.sources[index].index for index in order]
    per_frame = header.PerFrameFunctionalGroupsSequence
    if frames[-1] >= len(per_frame):
        raise NotSaved(
            f"{WHAT} could not be saved: the header of the original describes only "
            f"{len(per_frame)} frames, fewer than were opened.",
            NOTHING_CHANGED,
            "Open the original again.",
        )
    values = enhanced.values[order]
    mask = None if enhanced.mask is None else enhanced.mask[order]
    texts = inheritance.verbatim(header)
    transformation = _transformation(header)
    for word in ("RescaleSlope", "RescaleIntercept"):
        if transformation is not None and word in transformation:
            setattr(header, word, transformation[word].value)
    coded = stored_format(source_format(header), extremes(values, mask), _RULES[header.SOPClassUID])
    dataset = derived_header(header, part.sources[0], 0, plan, coded)
    put_pixels(dataset, header, stored_values(values, mask, coded), mask, coded, plan.unit)
    for word in ("RescaleSlope", "RescaleIntercept", "RescaleType"):
        if word in dataset:
            delattr(dataset, word)
    dataset.NumberOfFrames = len(frames)
    dataset.ImageType = _image_type(header, plan)
    dataset.ContentQualification = "RESEARCH"
    for word in _ORIGINAL_ONLY:
        if word in dataset:
            delattr(dataset, word)
    dataset.SourceImageEvidenceSequence = coding.sequence(_evidence(header))
    dataset.PerFrameFunctionalGroupsSequence = [per_frame[frame] for frame in frames]
    _put_groups(dataset, header, frames, coded, plan)
    groups = dataset.PerFrameFunctionalGroupsSequence
    for group, frame, place in zip(groups, frames, order, strict=True):
        made = _derivation(dataset, header, frame, plan.others(place))
        group.DerivationImageSequence = coding.sequence(made)
    inheritance.restore(dataset, texts)
    return dataset


def _transformation(header: Dataset) -> Dataset | None:
    """Return the first pixel value transformation of the object."""
    groups = (*(header.get("SharedFunctionalGroupsSequence") or ()),)
    for group in (*groups, *header.PerFrameFunctionalGroupsSequence):
        if group.get("PixelValueTransformationSequence"):
            found = group.PixelValueTransformationSequence[0]
            return found if isinstance(found, Dataset) else None
    return None


def _image_type(header: Dataset, plan: Plan) -> list[str]:
    r"""Return DERIVED\PRIMARY\<value 3>\<mark>; four values are the rule (C.8.16.1)."""
    source = [str(value) for value in header.get("ImageType") or []]
    third = source[2] if len(source) > 2 else "VOLUME"
    return ["DERIVED", "PRIMARY", third, identity.MARKS[plan.provenance.kind]]


def _put_groups(
    dataset: Dataset, header: Dataset, frames: list[int], coded: StoredFormat, plan: Plan
) -> None:
    """Bring the functional groups in line with the new pixels."""
    shared = dataset.get("SharedFunctionalGroupsSequence") or [Dataset()]
    dataset.SharedFunctionalGroupsSequence = coding.sequence(*shared)
    per_frame = dataset.PerFrameFunctionalGroupsSequence
    groups = [*dataset.SharedFunctionalGroupsSequence, *per_frame]
    has_place = False
    for group in groups:
        for word in ("RealWorldValueMappingSequence", "DerivationImageSequence"):
            if word in group:
                delattr(group, word)
        for word in _FRAME_TYPES:
            for item in group.get(word) or ():
                old = [str(value) for value in item.get("FrameType") or ["", "", ""]]
                item.FrameType = [*_image_type(header, plan)[:2], old[2], dataset.ImageType[3]]
        for item in group.get("PixelValueTransformationSequence") or ():
            _put_transformation(item, coded, plan)
            has_place = True
        for item in group.get("FrameVOILUTSequence") or ():
            inheritance.correct(item)
    if not has_place and coded.has_rescale:
        item = Dataset()
        _put_transformation(item, coded, plan)
        dataset.SharedFunctionalGroupsSequence[
            0
        ].PixelValueTransformationSequence = coding.sequence(item)
    if len(frames) < len(header.PerFrameFunctionalGroupsSequence):
        _count_dimensions(dataset)


def _put_transformation(item: Dataset, coded: StoredFormat, plan: Plan) -> None:
    item.RescaleSlope = decimal_text(coded.slope)
    item.RescaleIntercept = decimal_text(coded.intercept)
    kept = "US" if plan.unit == ARBITRARY else str(item.get("RescaleType") or "US")
    item.RescaleType = "HU" if plan.unit == "HU" else kept


def _derivation(
    dataset: Dataset, header: Dataset, frame: int, others: tuple[FrameSource, ...]
) -> Dataset:
    """Return the item that says how a frame was made and from which ones, its own first."""
    item = Dataset()
    item.DerivationDescription = dataset.DerivationDescription
    item.DerivationCodeSequence = coding.sequence(*dataset.DerivationCodeSequence)
    source = identity.source_item(header)
    source.ReferencedFrameNumber = frame + 1
    item.SourceImageSequence = coding.sequence(source, *map(identity.neighbour_item, others))
    return item


def _evidence(header: Dataset) -> Dataset:
    """Return the item that lists the source by study and series (C.8.13.1 and C.8.15.2)."""
    instance = Dataset()
    instance.ReferencedSOPClassUID = header.SOPClassUID
    instance.ReferencedSOPInstanceUID = header.SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = header.SeriesInstanceUID
    series.ReferencedSOPSequence = coding.sequence(instance)
    study = Dataset()
    study.StudyInstanceUID = header.StudyInstanceUID
    study.ReferencedSeriesSequence = coding.sequence(series)
    return study


def _count_dimensions(dataset: Dataset) -> None:
    """Count each dimension's index values from 1 without holes, in their old order."""
    contents = [
        item
        for group in dataset.PerFrameFunctionalGroupsSequence
        for item in group.get("FrameContentSequence") or ()
        if item.get("DimensionIndexValues")
    ]
    rows = [_indices(item) for item in contents]
    if len({len(row) for row in rows}) != 1:
        return
    ranks = [
        {value: rank for rank, value in enumerate(sorted(set(column)), start=1)}
        for column in zip(*rows, strict=True)
    ]
    for item, row in zip(contents, rows, strict=True):
        item.DimensionIndexValues = [rank[value] for rank, value in zip(ranks, row, strict=True)]


def _indices(item: Dataset) -> list[int]:
    value = item.DimensionIndexValues
    return [value] if isinstance(value, int) else [int(one) for one in value]
