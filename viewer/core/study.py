"""What was found on disk: studies, series, instances and their frames, as plain values."""

import hashlib
from dataclasses import dataclass, field, replace
from enum import Enum

from viewer.core.geometry import FrameGeometry
from viewer.core.windowing import Window


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How the pixels of an instance are coded. Source: DICOM PS3.3 C.7.6.3.

    `offset` is the file position of the Pixel Data value and `length` its declared length in
    bytes (-1 when encapsulated). `keyword` is PixelData, FloatPixelData or DoubleFloatPixelData.
    """

    rows: int
    columns: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    planar_configuration: int
    offset: int
    length: int
    keyword: str = "PixelData"


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What differs from frame to frame of one instance (one entry for a single-frame image).

    `geometry` is None without patient position. `slope` and `intercept` are the rescale of this
    frame (1 and 0 when absent). `dimensions` are named values that tell frames at one position
    apart: temporal position, echo time, b-value and so on, as (name, value) pairs.
    """

    geometry: FrameGeometry | None = None
    slope: float = 1.0
    intercept: float = 0.0
    windows: tuple[Window, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance in one file. Absent attributes are empty strings, None or empty tuples.

    `path` is where the bytes are; `origin` is what the reader is shown (the same, or the archive
    and the member's name). `pixel_spacing_mm` and `imager_spacing_mm` are (row, column) as
    written. `rescale_type` is the unit as written ("" when absent). `padding` is the inclusive
    range of stored values that mean no pixel. `notes` name what is present and not drawn,
    `warnings` what the header leaves out or contradicts. `acquisition` holds further
    (name, value) pairs as written; the header reader lists the names. `is_ai` is a coded mark that
    AI, or Diptych with whatever method, made the pixels. `pixel_digest` is the SHA-256 of the
    coded pixels of a file whose header is that of another one and whose pixels are not; else "".
    """

    path: str
    origin: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    modality: str
    image_type: tuple[str, ...] = ()
    instance_number: int | None = None
    frame_of_reference_uid: str = ""
    pixels: PixelLayout | None = None
    frames: tuple[FrameFacts, ...] = ()
    slice_thickness_mm: float | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    imager_spacing_mm: tuple[float, float] | None = None
    pixel_aspect: tuple[int, int] | None = None
    magnification: float | None = None
    calibration: str = ""
    rescale_type: str = ""
    units: str = ""
    has_modality_lut: bool = False
    has_voi_lut: bool = False
    is_presentation_inverse: bool = False
    padding: tuple[float, float] | None = None
    lossy: str = ""
    patient_orientation: tuple[str, ...] = ()
    frame_time_ms: float | None = None
    is_quadruped: bool = False
    is_ai: bool = False
    acquisition: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pixel_digest: str = ""

    @property
    def frame_count(self) -> int:
        """Number of frames; 0 for objects without pixels."""
        return len(self.frames)

    @property
    def synthetic_mark(self) -> str:
        """What the file says made its pixels: "AI", "FILTERED" (our filters), or "" (acquired)."""
        if not self.is_ai:
            return ""
        return "FILTERED" if "FILTERED" in self.image_type else "AI"

    def without_place(self) -> "Instance":
        """Return the instance without what tells one file from another."""
        pixels = replace(self.pixels, offset=0) if self.pixels else None
        return replace(self, path="", origin="", pixels=pixels)


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a study with its instances in the order found."""

    uid: str
    modality: str = ""
    number: int | None = None
    description: str = ""
    body_part: str = ""
    date: str = ""
    time: str = ""
    manufacturer: str = ""
    model: str = ""
    kernel: str = ""
    kvp: float | None = None
    instances: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """One study of one patient. Dates and times as written in the file."""

    uid: str
    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""
    date: str = ""
    time: str = ""
    description: str = ""
    accession: str = ""
    series: tuple[Series, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells studies apart: two patients under one UID are never merged."""
        return (self.uid, self.patient_id, self.patient_name)


@dataclass(frozen=True, slots=True)
class Entry:
    """One readable DICOM file: its instance with a study and a series without children."""

    study: Study
    series: Series
    instance: Instance


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not in any series, with the reason in words.

    `kind` is "not DICOM", "unreadable", "damaged" or "directory record".
    """

    origin: str
    kind: str
    reason: str


RADIOGRAPHS = frozenset({"CR", "DX"})
"""Modalities of plain radiographs."""


class PartKind(Enum):
    """How a part of a series can be shown."""

    VOLUME = "volume"
    FRAMES = "frames"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class FrameSource:
    """One frame of one instance."""

    instance: Instance
    index: int

    @property
    def facts(self) -> FrameFacts:
        """The frame's own geometry, rescale and windows."""
        return self.instance.frames[self.index]


@dataclass(frozen=True, slots=True)
class SeriesPart:
    """The frames of a series that are shown together, in slice or frame order.

    A series is split by orientation, matrix, time, echo, b-value and duplicate position; `label`
    says what sets this part apart ("" when the series is whole) and `index` counts the parts.
    """

    study_key: tuple[str, str, str]
    series_uid: str
    index: int
    kind: PartKind
    label: str
    sources: tuple[FrameSource, ...]
    warnings: tuple[str, ...] = ()
    object_name: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Identity of the part: its series and study (as 8 hex digits), and its number.

        Two patients whose files carry the same UIDs have different keys.
        """
        study = hashlib.sha256("\0".join(self.study_key).encode()).hexdigest()[:8]
        return (f"{self.series_uid}@{study}", self.index)

    @property
    def is_scan(self) -> bool:
        """True for stacks of slices and for radiographs, which whole folders are enhanced for.

        Mammograms, captures, cine and ultrasound are none: such frames are chosen one by one.
        """
        modalities = {source.instance.modality for source in self.sources}
        is_radiograph = self.kind is PartKind.FRAMES and modalities <= RADIOGRAPHS
        return self.kind is PartKind.VOLUME or is_radiograph


@dataclass(frozen=True, slots=True)
class ScanReport:
    """Everything that a scan found: studies, and every other file with its reason."""

    studies: tuple[Study, ...] = ()
    skipped: tuple[Skipped, ...] = field(default=())


def marked(studies: tuple[Study, ...]) -> tuple[Study, ...]:
    """Return the studies, with a warning where different patients share a Study Instance UID."""
    words = "other patients' images carry the same study UID; they are kept apart"
    counts: dict[str, int] = {}
    for study in studies:
        counts[study.uid] = counts.get(study.uid, 0) + 1
    return tuple(
        replace(study, warnings=(*study.warnings, words))
        if counts[study.uid] > 1 and words not in study.warnings
        else study
        for study in studies
    )
