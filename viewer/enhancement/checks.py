"""Gates before a method runs: whether a series is of the kind that the method was made for."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from viewer.core.study import RADIOGRAPHS, Instance, Series, SeriesPart, Study
from viewer.core.volume import AnyVolume, Frames, is_acquired
from viewer.enhancement.conditioning import METAL_HU, NoiseProfile
from viewer.enhancement.denoising import ONE_NEIGHBOUR_MM
from viewer.enhancement.model_card import InputRange, Span

PROJECTIONS = frozenset({"MIP", "MINIP", "MAX_IP", "MIN_IP", "PROJECTION IMAGE", "CSA MIP", "VRT"})
CAPTURES = frozenset({"SCREEN SAVE", "SCREENSHOT", "CAPTURE"})
MAPS = frozenset({"ADC", "CBF", "CBV", "MTT", "TTP", "FA", "PARAMETRIC MAP", "PERFUSION"})
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
RECONSTRUCTIONS = re.compile(
    r"\b(asir|asir-v|safire|admire|idose|imr|aidr|veo|intellispace|true\s?fidelity|dlir|aice|"
    r"precise image|deep\s?recon|clarict|pixelshine)",
    re.IGNORECASE,
)
ITERATIVE_KERNEL = re.compile(r"^(I\d{2}|[A-Z][a-z]\d{2}[a-z]?\W+[1-5]\b)")
REGIONS = {
    "chest": ("CHEST", "THORAX", "LUNG", "HEART", "CARDIAC", "RIB", "STERNUM", "MEDIASTINUM"),
    "abdomen": ("ABDOMEN", "ABD", "LIVER", "KIDNEY", "PANCREAS", "SPLEEN", "STOMACH", "COLON"),
    "head": ("HEAD", "BRAIN", "SKULL", "CRANIUM", "FACE", "SINUS", "ORBIT", "EAR"),
    "pelvis": ("PELVIS", "HIP", "BLADDER", "PROSTATE", "SACRUM", "UTERUS"),
    "neck": ("NECK", "LARYNX", "THYROID"),
    "spine": ("SPINE", "CSPINE", "TSPINE", "LSPINE", "SSPINE"),
    "extremity": (
        *("EXTREMITY", "KNEE", "LEG", "FOOT", "ANKLE", "HAND", "WRIST", "ELBOW"),
        *("ARM", "SHOULDER", "FEMUR", "TIBIA", "FINGER", "TOE", "CALF", "THIGH", "HUMERUS"),
    ),
}
"""Words of Body Part Examined by region; other words say nothing about the region."""
MAMMOGRAPHY = "MG"
METAL_CM3 = 0.05
"""Less than this is a clip or a calcification beyond the scale."""
NEARLY = 0.15
"""A figure outside its range by less than this fraction warns, by more it blocks."""


class Verdict(Enum):
    """What a gate says."""

    OK = "ok"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate: its name, its verdict, and the reason in words that a reader understands."""

    name: str
    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """What the gates look at: a part of a series with its pixels and their measured noise."""

    study: Study
    series: Series
    part: SeriesPart
    volume: AnyVolume
    noise: NoiseProfile
    metal_cm3: float = 0.0
    is_finite: bool = True

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Return the instances of the part, each once."""
        return tuple(
            {id(source.instance): source.instance for source in self.part.sources}.values()
        )

    @property
    def image_type(self) -> frozenset[str]:
        """Return every value of Image Type found in the part, in capitals."""
        return frozenset(word.upper() for one in self.instances for word in one.image_type)

    @property
    def stated_thickness_mm(self) -> float | None:
        """Return the slice thickness of the files, None where it is not stated."""
        stated = [one.slice_thickness_mm for one in self.instances if one.slice_thickness_mm]
        return self.volume.geometry.slice_thickness_mm or (max(stated) if stated else None)


def check(candidate: Candidate, wanted: InputRange | None) -> tuple[GateResult, ...]:
    """Return the verdict of every gate.

    Parameters
    ----------
    wanted : what a model's card asks for; None for a filter, which needs only acquired pixels and
        warns where these are a localizer, a projection or the like.
    """
    gates: list[GateResult] = [*_state_gates(candidate), _origin_gate(candidate)]
    if wanted is not None:
        gates += _kind_gates(candidate, wanted)
        if not any(gate.verdict is Verdict.BLOCK for gate in gates):
            gates += _figure_gates(candidate, wanted)
            gates += _body_gates(candidate, wanted)
            gates += _history_gates(candidate, wanted)
    else:
        gates.append(_warning_at_most(_picture_gate(candidate)))
        if candidate.volume.geometry.unit != "mm":
            words = "the pixel size is not stated: the filter takes a pixel for a millimetre"
            gates.append(_gate("pixel size", Verdict.WARN, words))
        if candidate.series.modality == MAMMOGRAPHY:
            words = "this is a mammogram: no method was judged on these, and small calcifications"
            gates.append(_gate("modality", Verdict.WARN, f"{words} can be lost"))
    gates.append(_lossy_gate(candidate))
    if not isinstance(candidate.volume, Frames):
        gates.append(_geometry_gate(candidate))
    return tuple(gates)


def blocks(gates: tuple[GateResult, ...]) -> tuple[str, ...]:
    """Return the reasons not to run, in words."""
    return tuple(gate.words for gate in gates if gate.verdict is Verdict.BLOCK)


def cautions(gates: tuple[GateResult, ...]) -> tuple[str, ...]:
    """Return the warnings, in words."""
    return tuple(gate.words for gate in gates if gate.verdict is Verdict.WARN)


def _gate(name: str, verdict: Verdict, words: str) -> GateResult:
    return GateResult(name, verdict, words)


def _warning_at_most(gate: GateResult) -> GateResult:
    return replace(gate, verdict=Verdict.WARN) if gate.verdict is Verdict.BLOCK else gate


def _state_gates(candidate: Candidate) -> Iterator[GateResult]:
    """Yield whether there are acquired pixels at all, and all of them."""
    volume = candidate.volume
    if not is_acquired(volume):
        words = "these are colours, not values that were measured"
        if volume.provenance is not None:
            words = "these pixels are enhanced already: start from the original series"
        yield _gate("pixels", Verdict.BLOCK, words)
        return
    missing = int((~volume.loaded).sum())
    if missing:
        words = f"{missing} of {len(volume.loaded)} slices are not loaded yet"
        yield _gate("complete", Verdict.BLOCK, words)
    else:
        yield _gate("complete", Verdict.OK, "every slice is loaded")
    if not candidate.is_finite:
        words = "some values are no numbers (NaN or infinite): one would spoil all around it"
        yield _gate("values", Verdict.BLOCK, words)


def _origin_gate(candidate: Candidate) -> GateResult:
    """Never run on what an AI has made already."""
    marks = {instance.synthetic_mark for instance in candidate.instances} - {""}
    if marks:
        what = "a filter of Diptych" if marks == {"FILTERED"} else "an AI"
        words = f"the file says that {what} has processed these pixels: start from the original"
        return _gate("AI mark", Verdict.BLOCK, f"{words} series")
    return _gate("AI mark", Verdict.OK, "no AI mark in the file")


def _kind_gates(candidate: Candidate, wanted: InputRange) -> Iterator[GateResult]:
    """Yield modality, unit and the kind of picture."""
    modality = candidate.series.modality or next(
        (instance.modality for instance in candidate.instances), ""
    )
    is_right = wanted.takes(modality)
    words = f"made for {wanted.modality}, this series is {modality or 'of no stated modality'}"
    yield _gate("modality", Verdict.OK if is_right else Verdict.BLOCK, words)
    unit = candidate.volume.unit
    words = f"made for values in {wanted.unit or 'any unit'}, these are in {unit}"
    is_right = wanted.unit in ("", unit)
    yield _gate("unit", Verdict.OK if is_right else Verdict.BLOCK, words)
    yield _picture_gate(candidate)


def _picture_gate(candidate: Candidate) -> GateResult:
    words = candidate.image_type
    if "LOCALIZER" in words or "SCOUT" in words:
        return _gate("kind", Verdict.BLOCK, "this is a localizer, not a diagnostic series")
    if words & PROJECTIONS:
        text = "this is a projection (MIP, MinIP or rendering), not a set of acquired slices"
        return _gate("kind", Verdict.BLOCK, text)
    if words & CAPTURES or any(
        instance.sop_class_uid.startswith(SECONDARY_CAPTURE) for instance in candidate.instances
    ):
        return _gate("kind", Verdict.BLOCK, "this is a screen capture")
    if words & MAPS:
        return _gate("kind", Verdict.BLOCK, "this is a computed map, not an image of the patient")
    return _gate("kind", Verdict.OK, "acquired images")


def _figure_gates(candidate: Candidate, wanted: InputRange) -> Iterator[GateResult]:
    """Yield the figures that the model's card limits."""
    geometry, noise = candidate.volume.geometry, candidate.noise
    sizes = {round(spacing, 3) for spacing in geometry.spacing_mm[1:]}
    for size in sorted(sizes) if geometry.unit == "mm" else (None,):
        yield from _figure("pixel size", size, wanted.spacing_mm, "mm")
    thickness, known_mm = candidate.stated_thickness_mm, wanted.slice_thickness_mm
    yield from _figure("slice thickness", thickness, known_mm, "mm", can_block=False)
    if not noise.is_measured:
        words = "no noise could be measured: there is no flat tissue to measure it in"
        yield _gate("noise", Verdict.BLOCK, words)
        return
    grain = noise.frequency_per_mm
    per_pixel = grain * geometry.spacing_mm[2]
    figures = (
        ("measured noise", noise.typical_sd, wanted.noise_sd, wanted.unit, True),
        ("measured signal to noise", noise.snr, wanted.snr, "", True),
        ("noise frequency (grain)", grain, wanted.noise_frequency_per_mm, "per mm", True),
        ("noise frequency (grain)", per_pixel, wanted.gated_frequency_per_pixel, "per pixel", True),
        ("tube voltage", candidate.series.kvp, wanted.kvp, "kV", False),
    )
    for name, value, span, unit, can_block in figures:
        yield from _figure(name, value, span, unit, can_block=can_block)


def _body_gates(candidate: Candidate, wanted: InputRange) -> Iterator[GateResult]:
    """Yield the region of the body, where both sides name one, and metal in it."""
    said = candidate.series.body_part.upper()
    words = re.findall(r"[A-Z]+", said)
    found = [name for name, names in REGIONS.items() if any(word in names for word in words)]
    if wanted.regions and found:
        known = ", ".join(wanted.regions)
        told = f"body part {said.lower()}; the model was trained on {known}"
        is_known = any(name in wanted.regions for name in found)
        yield _gate("region", Verdict.OK if is_known else Verdict.WARN, told)
    if wanted.unit == "HU":
        metal = candidate.metal_cm3
        told = f"metal: {metal:.2g} cm³ above {METAL_HU} HU; its streaks are not corrected"
        is_free = metal < METAL_CM3
        told = "no metal" if is_free else told
        yield _gate("metal", Verdict.OK if is_free else Verdict.WARN, told)


def _figure(
    name: str, value: float | None, span: Span, unit: str, *, can_block: bool = True
) -> Iterator[GateResult]:
    """Compare one figure with its range, where the card gives one."""
    if not span.is_limited:
        return
    limits = f"{span.low:.3g} to {span.high:.3g} {unit}".rstrip()
    if value is None or value <= 0:
        yield _gate(name, Verdict.WARN, f"{name} is not stated; the model knows {limits}")
        return
    words = f"{name} {value:.3g} {unit}".rstrip() + f"; the model was trained on {limits}"
    is_near = span.low * (1 - NEARLY) <= value <= span.high * (1 + NEARLY)
    verdict = Verdict.WARN if is_near or not can_block else Verdict.BLOCK
    yield _gate(name, Verdict.OK if span.has(value) else verdict, words)


def _history_gates(candidate: Candidate, wanted: InputRange) -> Iterator[GateResult]:
    """Yield what is known about the patient and about earlier processing."""
    if "DERIVED" in candidate.image_type:
        words = (
            "the images are derived, such as a reformat: their noise may differ from a scanner's"
        )
        if candidate.series.modality in RADIOGRAPHS:
            words = "processed for presentation: the noise may differ from the detector's"
        yield _gate("derived", Verdict.WARN, words)
    else:
        yield _gate("derived", Verdict.OK, "original images")
    if hint := _reconstruction_hint(candidate):
        words = f"reconstruction looks iterative or AI-based ({hint}): noise was reduced already"
        yield _gate("reconstruction", Verdict.WARN, words)
    else:
        yield _gate("reconstruction", Verdict.OK, "no hint of iterative or AI reconstruction")
    age = age_years(candidate.study)
    if age is not None and age < wanted.age_years_min:
        words = f"the patient is {age:.0f} years old; the model was made for adults"
        yield _gate("age", Verdict.WARN, words)
    else:
        words = "the age is not stated" if age is None else f"{age:.0f} years"
        yield _gate("age", Verdict.OK, words)


def _reconstruction_hint(candidate: Candidate) -> str:
    """Return the word that gives iterative or deep reconstruction away, "" for none."""
    series = candidate.series
    if ITERATIVE_KERNEL.match(series.kernel):
        return f"kernel {series.kernel}"
    texts = [series.kernel, series.description]
    texts += [value for one in candidate.instances[:1] for _, value in one.acquisition]
    found = (RECONSTRUCTIONS.search(text) for text in texts)
    return next((match.group(0) for match in found if match), "")


def age_years(study: Study) -> float | None:
    """Return the age from Patient's Age, or from birth and study date; None if unknown."""
    if (stated := stated_age_years(study.age)) is not None:
        return stated
    born, scanned = study.birth_date.strip(), study.date.strip()
    is_date: Callable[[str], bool] = lambda text: len(text) == 8 and text.isdigit()  # noqa: E731
    if not (is_date(born) and is_date(scanned)) or scanned < born:
        return None
    return (int(scanned) - int(born)) / 10_000


def stated_age_years(age: str) -> float | None:
    """Return Patient's Age in years, None where it is not stated.

    000Y is what pseudonymisers write: the newborn are given in days, weeks or months.

    Source: DICOM PS3.5 6.2, value representation AS (nnnD, nnnW, nnnM, nnnY).
    """
    match = re.fullmatch(r"(\d{3})([DWMY])", age.strip())
    if match is None or match.group(0) == "000Y":
        return None
    per_year = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}[match.group(2)]
    return int(match.group(1)) / per_year


def _lossy_gate(candidate: Candidate) -> GateResult:
    lossy = next((instance.lossy for instance in candidate.instances if instance.lossy), "")
    if lossy:
        words = f"lossy compression ({lossy}): its artefacts may be changed into something else"
        return _gate("compression", Verdict.WARN, words)
    return _gate("compression", Verdict.OK, "no lossy compression")


def _geometry_gate(candidate: Candidate) -> GateResult:
    """Say how slices that are not evenly spaced will be treated."""
    geometry = candidate.volume.geometry
    alone = "each slice is enhanced by itself"
    if not geometry.is_even and geometry.has_gaps:
        words = "slices are missing: those at a gap are enhanced without their missing neighbours"
        return _gate("slice steps", Verdict.WARN, words)
    if not geometry.is_even:
        return _gate("slice steps", Verdict.WARN, f"the slices are unevenly spaced: {alone}")
    if geometry.shape[0] > 1 and geometry.spacing_mm[0] > ONE_NEIGHBOUR_MM:
        words = f"the slices are {geometry.spacing_mm[0]:.3g} mm apart: {alone}"
        return _gate("slice steps", Verdict.OK, words)
    return _gate("slice steps", Verdict.OK, "even slice steps")
