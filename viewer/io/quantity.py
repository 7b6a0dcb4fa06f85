"""Which quantity the values of a series are: HU, SUV, activity, or stored values without a unit."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from viewer.core.errors import BadHeader
from viewer.core.study import Instance, SeriesPart
from viewer.io.luts import modality_table

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CT_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.2",
        "1.2.840.10008.5.1.4.1.1.2.1",
        "1.2.840.10008.5.1.4.1.1.2.2",
    }
)
"""CT, Enhanced CT and Legacy Converted Enhanced CT Image Storage."""

PET_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.128",
        "1.2.840.10008.5.1.4.1.1.128.1",
        "1.2.840.10008.5.1.4.1.1.130",
    }
)
STORED = "stored"
_BAD_TABLE = "the modality look-up table in the header cannot be read: stored values are shown"

_PHILIPS = "Philips PET Private Group"
_PHILIPS_TAGS = (0x70530010, 0x70531000, 0x70531009)
_PET_KEYWORDS = (
    "CorrectedImage",
    "Units",
    "DecayCorrection",
    "SUVType",
    "PatientWeight",
    "SeriesDate",
    "SeriesTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "RadiopharmaceuticalInformationSequence",
)


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """Unit of the values, the factor from modality values to it, and what must be said.

    `has_table` is True where a modality LUT replaces the rescale.
    """

    unit: str
    factor: float = 1.0
    has_table: bool = False
    warnings: tuple[str, ...] = ()


def quantity_of(part: SeriesPart) -> Quantity:
    """Return the quantity that a part shows.

    A modality LUT names its own unit. CT images are in HU when Rescale Type is absent (which is
    allowed only then), and when it is unspecified on an original image that is no localizer
    (whose output units shall be HU); nothing else becomes HU without being called so. PET
    becomes SUVbw where the header allows it.

    Source: DICOM PS3.3 C.8.2.1, C.11.1.1.2 and C.8.9.1.

    A modality LUT that is empty or damaged leaves stored values, and says so.

    Raises
    ------
    UnreadableFile : the file that is asked for details is gone.
    """
    instance = part.sources[0].instance
    if instance.has_modality_lut:
        try:
            _, unit = modality_table(instance)
        except BadHeader:
            return Quantity(STORED, warnings=(_BAD_TABLE,))
        return Quantity(unit, has_table=True)
    if instance.modality == "PT" or instance.sop_class_uid in PET_CLASSES:
        return _pet_quantity(part)
    written = instance.rescale_type.strip()
    if written and written.upper() not in ("US", "UNSPECIFIED"):
        return Quantity("HU" if written.upper() in ("HU", "HOUNSFIELD UNIT") else written)
    if instance.sop_class_uid not in CT_CLASSES:
        return Quantity(STORED)
    is_hu = not written or _is_plain_ct(instance)
    return Quantity("HU" if is_hu and _has_rescale(part) else STORED)


def _is_plain_ct(instance: Instance) -> bool:
    """True for original images that are no localizer: their rescale shall give HU."""
    image_type = (*instance.image_type, "", "", "")
    return image_type[0] == "ORIGINAL" and image_type[2] != "LOCALIZER"


def _has_rescale(part: SeriesPart) -> bool:
    """Tell whether a CT image says how its values become HU; without that they stay stored."""
    facts, instance = part.sources[0].facts, part.sources[0].instance
    if facts.slope != 1 or facts.intercept != 0 or instance.frame_count > 1:
        return True
    from viewer.io.attributes import attributes, value_of

    dataset = attributes(instance.path, ("RescaleIntercept",), instance.transfer_syntax_uid)
    return value_of(dataset, "RescaleIntercept") is not None


# ------------------------------------------------------------------------------ PET


def _pet_quantity(part: SeriesPart) -> Quantity:
    """Return SUVbw with its factor, or the raw unit and what stands in the way."""
    from viewer.io.attributes import attributes

    instance = part.sources[0].instance
    dataset = attributes(
        instance.path, (*_PET_KEYWORDS, *_PHILIPS_TAGS), instance.transfer_syntax_uid
    )
    unit = STORED if instance.units in ("", "NONE") else instance.units
    try:
        factor = _suv_factor(dataset, part)
    except _NoSuv as reason:
        return Quantity(unit, warnings=(f"no SUV: {reason}",))
    return Quantity("SUVbw", factor)


class _NoSuv(Exception):  # noqa: N818
    """Why values cannot be turned into SUV, in words with the attribute."""


def _suv_factor(dataset: "Dataset", part: SeriesPart) -> float:
    """Return body-weight SUV per modality value.

    Source: DICOM PS3.3 C.8.9.1 and the QIBA FDG-PET/CT vendor-neutral SUV computation.
    """
    from viewer.io.attributes import value_of

    units = str(value_of(dataset, "Units") or "")
    if units == "GML":
        kind = str(value_of(dataset, "SUVType") or "BW")
        if kind != "BW":
            raise _NoSuv(f"the file holds SUV of type {kind} (0054,1006)")
        return 1.0
    corrected = value_of(dataset, "CorrectedImage") or ()
    corrected = (corrected,) if isinstance(corrected, str) else tuple(corrected)
    for needed, words in (("ATTN", "attenuation"), ("DECY", "decay")):
        if needed not in corrected:
            raise _NoSuv(f"not corrected for {words} (0028,0051)")
    if units == "CNTS":
        direct, activity = _philips_factors(dataset)
        if direct:
            return direct
        if not activity:
            raise _NoSuv("the unit is counts and there is no scale factor (7053,1000)")
        return activity * _body_weight_factor(dataset, part)
    if units != "BQML":
        raise _NoSuv(f"the unit is {units or 'missing'} (0054,1001)")
    return _body_weight_factor(dataset, part)


def _philips_factors(dataset: "Dataset") -> tuple[float, float]:
    """Return Philips' factors from counts to SUV and to Bq/ml; 0 where absent."""
    creator, direct, activity = (_private_text(dataset, tag) for tag in _PHILIPS_TAGS)
    if creator != _PHILIPS:
        return 0.0, 0.0
    try:
        return float(direct or 0), float(activity or 0)
    except ValueError:
        return 0.0, 0.0


def _private_text(dataset: "Dataset", tag: int) -> str:
    """Return a private value as text; its representation is unknown in an implicit VR file."""
    if tag not in dataset:
        return ""
    value = dataset[tag].value
    words = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return words.strip(" \0")


def _body_weight_factor(dataset: "Dataset", part: SeriesPart) -> float:
    """Return grams of body weight per becquerel that was left at the reference time."""
    from viewer.io.attributes import items_of, number_of, value_of

    weight = number_of(dataset, "PatientWeight") or 0.0
    drugs = items_of(dataset, "RadiopharmaceuticalInformationSequence")
    dose = number_of(drugs[0], "RadionuclideTotalDose") or 0.0 if drugs else 0.0
    if weight <= 0:
        raise _NoSuv("the patient's weight (0010,1030) is missing")
    if dose <= 0:
        raise _NoSuv("the injected dose (0018,1074) is missing")
    reference = str(value_of(dataset, "DecayCorrection") or "")
    if reference == "ADMIN":
        return weight * 1000 / dose
    if reference != "START":
        raise _NoSuv(f"decay correction to {reference or 'an unknown time'} (0054,1102)")
    half_life = number_of(drugs[0], "RadionuclideHalfLife") or 0.0
    if half_life <= 0:
        raise _NoSuv("the half-life (0018,1075) is missing")
    waited = (_scan_time(dataset, part) - _injection_time(dataset, part, drugs[0])).total_seconds()
    if not 0 <= waited < 86400:
        raise _NoSuv("injection (0018,1072) and scan are more than a day apart")
    return float(weight * 1000 / (dose * 2.0 ** (-waited / half_life)))


def _scan_time(dataset: "Dataset", part: SeriesPart) -> datetime:
    """Return the start of the scan: the series time, unless images are older than the series.

    A series made later by post-processing carries the time it was made; then the earliest
    acquisition counts.
    """
    from viewer.io.attributes import value_of

    series = _moment(value_of(dataset, "SeriesDate"), value_of(dataset, "SeriesTime"))
    acquired = [
        moment
        for instance in {id(s.instance): s.instance for s in part.sources}.values()
        if (moment := _acquisition_moment(instance)) is not None
    ]
    own = _moment(value_of(dataset, "AcquisitionDate"), value_of(dataset, "AcquisitionTime"))
    earliest = min([*acquired, *([own] if own else [])], default=None)
    moments = [moment for moment in (series, earliest) if moment is not None]
    if not moments:
        raise _NoSuv("the time of the scan (0008,0031) is missing")
    return min(moments)


def _acquisition_moment(instance: Instance) -> datetime | None:
    named = dict(instance.acquisition)
    return _moment(named.get("acquisition_date"), named.get("acquisition_time"))


def _injection_time(dataset: "Dataset", part: SeriesPart, drug: "Dataset") -> datetime:
    """Return when the drug was given; a bare time of day is the last one before the scan."""
    from viewer.io.attributes import value_of

    whole = str(value_of(drug, "RadiopharmaceuticalStartDateTime") or "")
    moment = _moment(whole[:8], re.split("[+-]", whole[8:], maxsplit=1)[0])
    if moment is not None:
        return moment
    scan = _scan_time(dataset, part)
    moment = _moment(scan.strftime("%Y%m%d"), value_of(drug, "RadiopharmaceuticalStartTime"))
    if moment is None:
        raise _NoSuv("the time of injection (0018,1072) is missing")
    return moment if moment <= scan else moment - timedelta(days=1)


def _moment(date: object, time: object) -> datetime | None:
    """Return a DICOM date and time, without time zone; None when either does not parse."""
    day, clock = str(date or "").strip(), str(time or "").strip()
    if len(day) != 8 or len(clock) < 4 or not (day + clock[:4]).isdigit():
        return None
    seconds = clock[4:] or "0"
    try:
        start = datetime.strptime(day + clock[:4], "%Y%m%d%H%M")  # noqa: DTZ007  as written
        return start + timedelta(seconds=float(seconds))
    except ValueError:
        return None
