"""What methods are judged on, for each modality: scenes of known truth, edges, faint inserts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from viewer.core.errors import WrongUsage
from viewer.core.study import RADIOGRAPHS
from viewer.core.units import STORED
from viewer.enhancement import metrics
from viewer.enhancement.method import Float32Array
from viewer.enhancement.noise import (
    MAGNITUDE_QUIET_SHARE,
    QUIET_SHARE,
    NoiseEstimate,
    estimate_noise,
    signal_range,
)
from viewer.simulation import mr_scenes, pet_scenes, scenes, xr_scenes
from viewer.simulation.pairs import anatomical_pairs
from viewer.simulation.phantom import Region
from viewer.simulation.scenes import EdgeScene, InsertScene, Scene


@dataclass(frozen=True, slots=True)
class Ground:
    """Simulation of one modality, ready to be drawn from.

    Attributes
    ----------
    modality, unit : as DICOM and a volume's unit call them.
    scale : what figures are in, "HU" or "%" of typical tissue; their names end in `suffix`.
    scenes : from seed and count; `edge` and `insert` from seed, figures, noise SD and draws.
    edges, edge_sd, inserts, insert_sd : contrasts, (diameter, contrast) pairs, and the noise SD of
        each (for PET the counts, for radiographs the photons).
    tissues : ranges of the truth by name; `windows` : name, centre and width.
    anatomical : lesions on anatomy, from seed, noise SD and pairs.
    quiet_share : of blocks that the program measures noise in.
    """

    modality: str
    unit: str
    scale: str
    suffix: str
    scenes: Callable[[int, int], list[Scene]]
    edge: Callable[[int, float, float, int], EdgeScene]
    insert: Callable[[int, float, float, float, int], InsertScene]
    edges: tuple[float, ...]
    edge_sd: float
    inserts: tuple[tuple[float, float], ...]
    insert_sd: float
    tissues: Mapping[str, tuple[float, float]]
    windows: tuple[tuple[str, float, float], ...]
    anatomical: Callable[[int, float, int], list[InsertScene]] = lambda _seed, _sd, _pairs: []
    quiet_share: float = QUIET_SHARE

    def noise(self, slices: Float32Array, pixel_mm: float) -> NoiseEstimate | None:
        """Return the noise of slices [slice, row, column] as the program measures it."""
        spacing = (pixel_mm, pixel_mm)
        if self.unit == "HU":
            return estimate_noise(slices, spacing)
        return estimate_noise(slices, spacing, signal_range(slices), self.quiet_share)


def _lesions_in_the_abdomen(seed: int, sd: float, pairs: int) -> list[InsertScene]:
    lesions = ((5.0, -20.0), (10.0, -8.0))
    return [anatomical_pairs(seed, Region.ABDOMEN, *one, pairs, sd) for one in lesions]


CT = Ground(
    modality="CT",
    unit="HU",
    scale="HU",
    suffix="hu",
    scenes=scenes.scenes,
    edge=scenes.edge_scene,
    insert=scenes.insert_scene,
    edges=(30.0, 100.0, 400.0, 900.0),
    edge_sd=20.0,
    inserts=scenes.INSERTS,
    insert_sd=20.0,
    tissues={
        "lung": (-950.0, -500.0),
        "fat": (-150.0, -30.0),
        "soft tissue": (-20.0, 150.0),
        "bone": (200.0, 1300.0),
    },
    windows=metrics.WINDOWS_HU,
    anatomical=_lesions_in_the_abdomen,
)
MR = Ground(
    modality="MR",
    unit=STORED,
    scale="%",
    suffix="percent",
    scenes=mr_scenes.mr_scenes,
    edge=mr_scenes.mr_edge_scene,
    insert=mr_scenes.mr_insert_scene,
    edges=(10.0, 25.0, 50.0, 100.0),
    edge_sd=5.0,
    inserts=mr_scenes.INSERTS,
    insert_sd=5.0,
    tissues={"dark": (20.0, 60.0), "middle": (60.0, 110.0), "bright": (110.0, 220.0)},
    windows=(("full range", 80.0, 160.0), ("narrow", 80.0, 60.0)),
    quiet_share=MAGNITUDE_QUIET_SHARE,
)
PET = Ground(
    modality="PT",
    unit="BQML",
    scale="%",
    suffix="percent",
    scenes=pet_scenes.pet_scenes,
    edge=pet_scenes.pet_edge_scene,
    insert=pet_scenes.pet_insert_scene,
    edges=(50.0, 100.0, 200.0, 400.0),
    edge_sd=8.0,
    inserts=pet_scenes.INSERTS,
    insert_sd=8.0,
    tissues={"cold": (20.0, 60.0), "middle": (60.0, 110.0), "hot": (110.0, 400.0)},
    windows=(("full range", 100.0, 200.0), ("narrow", 80.0, 60.0)),
)
RADIOGRAPH = Ground(
    modality="DX",
    unit=STORED,
    scale="%",
    suffix="percent",
    scenes=xr_scenes.xr_scenes,
    edge=xr_scenes.xr_edge_scene,
    insert=xr_scenes.xr_insert_scene,
    edges=(5.0, 10.0, 20.0, 50.0),
    edge_sd=6_000.0,
    inserts=xr_scenes.INSERTS,
    insert_sd=6_000.0,
    tissues={"thin": (30.0, 150.0), "middle": (150.0, 300.0), "thick": (300.0, 700.0)},
    windows=(("full range", 300.0, 600.0), ("narrow", 200.0, 100.0)),
)
GROUNDS = {ground.modality: ground for ground in (CT, MR, PET, RADIOGRAPH)}
GROUNDS |= dict.fromkeys(RADIOGRAPHS, RADIOGRAPH)


def ground_named(modality: str) -> Ground:
    """Return the simulation of a modality.

    Raises
    ------
    WrongUsage : there is none.
    """
    if modality not in GROUNDS:
        raise WrongUsage(
            f"There is no simulation of {modality or 'an unnamed modality'} to judge methods on.",
            "",
            f"There is one of {', '.join(GROUNDS)}.",
        )
    return GROUNDS[modality]
