"""Judging methods on repeated scans of one object: what differs is noise, or what a method did.

The registration is found on the originals and used for the enhanced images as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from viewer.app.enhancing import prepare, run
from viewer.app.found_series import FoundSeries
from viewer.app.scene_figures import Row
from viewer.core.errors import DiptychError, WrongUsage
from viewer.core.geometry import VolumeGeometry
from viewer.core.volume import Volume
from viewer.enhancement.engine import Engine
from viewer.enhancement.method import Float32Array
from viewer.enhancement.repeats import (
    Aligned,
    align,
    registration_figures,
    repeat_figures,
    spectrum,
)

Table = dict[str, object]

MOST_SLICES = 12
FEWEST_SLICES = 3
STEP_TOLERANCE = 0.1
ALIKE = 0.3
"""Correlation of the fine detail in flat regions above which two scans share their noise."""
METHOD = (
    "one in-plane shift per slice by least squares on the originals; the second scan is moved in "
    "the Fourier domain, which keeps the power of its noise"
)
SAME_RAW_DATA = (
    "the noise of both is alike: two reconstructions of one scan, whose difference shows too little"
)
_SAME = (
    "modality",
    "vendor",
    "model",
    "protocol",
    "kernel",
    "kvp",
    "exposure_mas",
    "thickness_mm",
    "region",
)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Two scans of one object."""

    first: FoundSeries
    second: FoundSeries

    @property
    def name(self) -> str:
        """Both series in words."""
        return f"{self.first.facts['series']} and {self.second.facts['series']}"

    @property
    def differences(self) -> str:
        """In what the protocols differ, "" where they agree."""
        one, two = self.first.facts, self.second.facts
        return ", ".join(
            f"{key.replace('_', ' ')} differs" for key in _SAME if one[key] != two[key]
        )


def repeats_among(found: Sequence[FoundSeries]) -> tuple[Repeat, ...]:
    """Return pairs of series of one patient, protocol and matrix that lie at the same places."""
    alike: dict[tuple[object, ...], list[FoundSeries]] = {}
    for one in found:
        pixels = one.part.sources[0].instance.pixels
        matrix = (pixels.rows, pixels.columns) if pixels else ()
        key = (one.study.patient_id, *matrix, *(one.facts[name] for name in _SAME))
        alike.setdefault(key, []).append(one)
    return tuple(
        Repeat(first, second)
        for group in alike.values()
        for first, second in pairwise(group)
        if first.series.uid != second.series.uid and _shares_places(first, second)
    )


def _shares_places(first: FoundSeries, second: FoundSeries) -> bool:
    places = [
        {
            round(facts.geometry.distance_mm, 1)
            for facts in (source.facts for source in one.part.sources)
            if facts.geometry is not None
        }
        for one in (first, second)
    ]
    return len(places[0] & places[1]) >= FEWEST_SLICES


def judge_repeats(
    engine: Engine,
    repeats: Sequence[Repeat],
    methods: Sequence[str],
    strength: float,
    report: Callable[[float, str], None] = lambda _fraction, _words: None,
) -> Table:
    """Return "registrations", "repeats" and "spectra", each a list of rows, ready for JSON.

    A pair that cannot be compared, and a method that a gate refuses, has a row with the reason.
    """
    found: dict[str, list[Row]] = {"registrations": [], "repeats": [], "spectra": []}
    for number, repeat in enumerate(repeats):
        report(number / len(repeats), repeat.name)
        try:
            compared = _Compared.of(repeat)
        except DiptychError as error:
            found["registrations"].append({"pair": repeat.name, "refused": str(error)})
            continue
        found["registrations"].append(compared.registration())
        difference = compared.pair.first - compared.pair.second
        found["spectra"] += compared.spectrum_rows("original", difference)
        for method in methods:
            _add_method(found, engine, compared, method, strength)
    return dict(found)


def _add_method(
    found: dict[str, list[Row]],
    engine: Engine,
    compared: "_Compared",
    method: str,
    strength: float,
) -> None:
    head: Row = {"pair": compared.repeat.name, "method": method}
    try:
        first, second = compared.enhanced(engine, method, strength)
    except DiptychError as error:
        found["repeats"].append({**head, "refused": str(error)})
        return
    pair = compared.pair
    figures = repeat_figures(pair, first, second, compared.pixel_mm)
    found["repeats"].append({**head, **figures})
    found["spectra"] += compared.spectrum_rows(method, first - pair.onto_first(second))


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """Two scans, read and brought onto each other; `places` are slices (of first, of second)."""

    repeat: Repeat
    volumes: tuple[Volume, Volume]
    places: tuple[tuple[int, int], ...]
    pair: Aligned
    start: tuple[float, float]

    @classmethod
    def of(cls, repeat: Repeat) -> "_Compared":
        first, second = _volume(repeat.first), _volume(repeat.second)
        places = _common_slices(first.geometry, second.geometry)
        start = _start(first.geometry, second.geometry)
        one = np.stack([first.values[place] for place, _ in places]).astype(np.float32)
        two = np.stack([second.values[place] for _, place in places]).astype(np.float32)
        pair = align(one, two, start, first.unit)
        if pair is None:
            raise WrongUsage(
                f"The scans {repeat.name} cannot be compared.",
                "They cannot be registered by a shift, or have too few flat regions in common.",
                "Give two scans of one object at one place.",
            )
        return cls(repeat, (first, second), places, pair, start)

    @property
    def pixel_mm(self) -> float:
        return float(np.mean(self.volumes[0].geometry.spacing_mm[1:]))

    def registration(self) -> Row:
        """Return how the scans were brought together, and what has to be known about it."""
        rows_mm, columns_mm = (self.pixel_mm * one for one in self.start)
        notes = [self.repeat.differences]
        figures = registration_figures(self.pair, self.pixel_mm)
        if figures["noise_correlation"] > ALIKE:
            notes.append(SAME_RAW_DATA)
        return {
            "pair": self.repeat.name,
            "slices": len(self.places),
            "header_rows_mm": rows_mm,
            "header_columns_mm": columns_mm,
            **figures,
            "unit": self.volumes[0].unit,
            "registered_by": METHOD,
            "note": "; ".join(note for note in notes if note),
        }

    def enhanced(
        self, engine: Engine, method: str, strength: float
    ) -> tuple[Float32Array, Float32Array]:
        """Return the enhanced slices of both scans."""
        stacks = []
        for side, one in enumerate((self.repeat.first, self.repeat.second)):
            request = one.request(self.volumes[side], method, strength)
            values = run(engine, prepare(engine, request)).volume().values
            stacks.append(np.stack([values[pair[side]] for pair in self.places]))
        return stacks[0].astype(np.float32), stacks[1].astype(np.float32)

    def spectrum_rows(self, method: str, difference: Float32Array) -> list[Row]:
        """Return the noise power spectrum of one scan from a difference of both."""
        curve = zip(*spectrum(self.pair, difference, self.pixel_mm), strict=True)
        head: Row = {"pair": self.repeat.name, "method": method}
        return [
            {**head, "frequency_per_mm": float(place), "power": float(power)}
            for place, power in curve
        ]


def _volume(one: FoundSeries) -> Volume:
    volume = one.load()
    if not isinstance(volume, Volume) or not volume.is_complete:
        raise WrongUsage(
            f"The series {one.facts['series']} cannot be compared with its repeat.",
            "It is no complete stack of acquired slices.",
            "Give original series of which every slice can be read.",
        )
    return volume


def _common_slices(first: VolumeGeometry, second: VolumeGeometry) -> tuple[tuple[int, int], ...]:
    """Return pairs of slices at the same place, at most `MOST_SLICES`, spread evenly."""
    is_same_grid = first.shape[1:] == second.shape[1:] and np.allclose(
        first.spacing_mm[1:], second.spacing_mm[1:], rtol=1e-3
    )
    is_parallel = np.allclose(first.affine[:3, 1:3], second.affine[:3, 1:3], atol=1e-2)
    near = STEP_TOLERANCE * first.spacing_mm[0]
    there = np.asarray(second.slice_positions_mm)
    pairs = [
        (place, int(np.abs(there - mm).argmin()))
        for place, mm in enumerate(first.slice_positions_mm)
        if there.size and np.abs(there - mm).min() <= near
    ]
    if not (is_same_grid and is_parallel) or len(pairs) < FEWEST_SLICES:
        raise WrongUsage(
            "These two scans do not lie on one grid.",
            f"They need one pixel size and orientation, and {FEWEST_SLICES} slices at one place.",
            "Give two scans of one object and protocol.",
        )
    chosen = np.linspace(0, len(pairs) - 1, min(MOST_SLICES, len(pairs))).round().astype(int)
    return tuple(pairs[place] for place in np.unique(chosen))


def _start(first: VolumeGeometry, second: VolumeGeometry) -> tuple[float, float]:
    """Return the shift in pixels (rows, columns) that the headers say lies between two grids."""
    place = first.inverse @ second.affine[:, 3]
    return (float(place[1]), float(place[2]))
