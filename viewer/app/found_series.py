"""Series of slices found below some paths, with what their headers say, ready to be judged."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from viewer.app.enhancing import EnhanceRequest
from viewer.core.errors import UnreadableFile
from viewer.core.partition import parts
from viewer.core.study import Series, SeriesPart, Study
from viewer.core.volume import AnyVolume
from viewer.io.assemble import load_part
from viewer.io.scan import scan

Facts = dict[str, object]


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """A part of a series, not read yet."""

    study: Study
    series: Series
    part: SeriesPart

    @property
    def facts(self) -> Facts:
        """What the header says, for grouping."""
        instance = self.part.sources[0].instance
        stated = dict(instance.acquisition)
        return {
            "series": f"{self.series.number or ''} {self.series.description}".strip(),
            "slices": len(self.part.sources),
            "modality": self.series.modality or instance.modality,
            "vendor": self.series.manufacturer,
            "model": self.series.model,
            "protocol": stated.get("protocol", ""),
            "kernel": self.series.kernel,
            "kvp": self.series.kvp or "",
            "exposure_mas": stated.get("exposure_mas", ""),
            "ctdi_vol_mgy": stated.get("ctdi_vol_mgy", ""),
            "thickness_mm": instance.slice_thickness_mm or "",
            "region": self.series.body_part or stated.get("body_part", ""),
            "sex": self.study.sex,
            "age": self.study.age,
        }

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that hold it."""
        return tuple(dict.fromkeys(Path(one.instance.path) for one in self.part.sources))

    def load(self) -> AnyVolume:
        """Read the pixels.

        Raises
        ------
        DiptychError : they cannot be read; the words say why.
        """
        return load_part(self.part)

    def request(self, volume: AnyVolume, method_id: str, strength: float) -> EnhanceRequest:
        """Return a request for a method at a strength."""
        return EnhanceRequest(
            self.study, self.series, self.part, volume, method_id, strength=strength
        )


def found_series(
    paths: tuple[Path, ...],
    unpacked: Path,
    is_wanted: Callable[[SeriesPart], bool] = lambda part: part.is_scan,
) -> tuple[FoundSeries, ...]:
    """Return every stack of slices and every radiograph below some paths.

    Archives are unpacked into `unpacked`.

    Raises
    ------
    UnreadableFile : there is none.
    """
    report = scan(paths, lambda *_: None, lambda: False, unpacked)
    found = tuple(
        FoundSeries(study, series, part)
        for study in report.studies
        for series in study.series
        for part in parts(study, series)
        if is_wanted(part)
    )
    if not found:
        raise UnreadableFile(
            "There are no slices or radiographs to judge methods on there.",
            "",
            "See what is there with: diptych info PATH",
        )
    return found
