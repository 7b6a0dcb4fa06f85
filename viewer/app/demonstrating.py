"""The demo study: built once on this machine by physics, kept as valid DICOM with its truth."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from viewer import __version__
from viewer.core.errors import Cancelled, DiptychError, UnreadableFile
from viewer.core.places import user_folder
from viewer.io.phantom_files import PhantomGrid, PhantomIdentity, read_ct_series, write_ct_series
from viewer.io.safely import new_folder, not_saved, private_folder, write_bytes
from viewer.simulation import demo as physics
from viewer.simulation.demo import DEMO_SEED, Nodule, demo_chest
from viewer.simulation.kernels import Kernel

FORMAT = 1
WHAT = "The demo study"
FULL_DOSE, QUARTER_DOSE, TRUTH = "full_dose", "quarter_dose", "truth"
_RECORD = "truth.json"
_VALUES = "noise_free_hu.npy"

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class DemoStudy:
    """Where the demo study lies: two series of one study, and the truth beside them.

    `truth` is the folder with the noise-free HU values (float32 .npy) and a JSON record of geometry
    and nodules; it holds no DICOM.
    """

    folder: Path
    slices: int

    @property
    def full_dose(self) -> Path:
        """Folder of the full-dose series."""
        return self.folder / FULL_DOSE

    @property
    def quarter_dose(self) -> Path:
        """Folder of the quarter-dose series, the one to enhance."""
        return self.folder / QUARTER_DOSE

    @property
    def truth(self) -> Path:
        """Folder of the truth."""
        return self.folder / TRUTH

    @property
    def paths(self) -> tuple[Path, ...]:
        """All images in slice order, full dose first."""
        return (*self.images(self.full_dose), *self.images(self.quarter_dose))

    def images(self, series: Path) -> tuple[Path, ...]:
        """Return the files of one of the two series in slice order."""
        return tuple(series / f"{index + 1:05d}.dcm" for index in range(self.slices))


def _no_progress(_fraction: float, _words: str) -> None:
    """Tell nobody."""


def demo_study(
    home: Path | None = None,
    *,
    progress: Progress = _no_progress,
    is_cancelled: Callable[[], bool] = lambda: False,
    slices: int = 56,
    size: int = 512,
    seed: int = DEMO_SEED,
) -> DemoStudy:
    """Return the demo study, building it first when it is not there whole.

    Parameters
    ----------
    home : the user's folder, in which it is kept under "demo".
    slices, size, seed : see `viewer.simulation.demo.demo_chest`; another choice is another study.

    Raises
    ------
    NotSaved : the disk refuses; nothing is left behind.
    Cancelled : somebody asked for it; nothing is left behind.
    """
    home = home or user_folder()
    place = home / "demo" / f"chest-{FORMAT}-{seed}-{slices}x{size}"
    if (found := _whole(place)) is not None:
        return found
    try:
        private_folder(home)
        if place.exists():  # a study of ours that lost files; it is built again from nothing
            shutil.rmtree(place)
    except OSError as error:
        raise not_saved(WHAT, error) from error

    def one_more(done: int, every: int) -> None:
        if is_cancelled():
            raise Cancelled
        progress(0.95 * done / every, f"Simulating slice {done} of {every}")

    demo = demo_chest(seed, slices, size, progress=one_more)
    with new_folder(place, WHAT) as temporary:
        progress(0.95, "Writing the demo study")
        _write(demo, temporary, is_cancelled)
    progress(1.0, "The demo study is there")
    built = _whole(place)
    if built is None:
        raise UnreadableFile("The demo study was built and cannot be read back.")
    return built


def read_demo(files: DemoStudy) -> physics.DemoStudy:
    """Return the demo study's values and truth as they were built.

    Raises
    ------
    UnreadableFile : a file is missing or damaged; building again helps.
    """
    try:
        record = json.loads((files.truth / _RECORD).read_text(encoding="utf-8"))
        truth = np.load(files.truth / _VALUES, allow_pickle=False)
        return physics.DemoStudy(
            full_dose=read_ct_series(files.images(files.full_dose)),
            quarter_dose=read_ct_series(files.images(files.quarter_dose)),
            truth=truth,
            nodules=tuple(_nodule(entry) for entry in record["nodules"]),
            kernel=Kernel(**record["kernel"]),
            **{name: _tuples(record[name]) for name in _FIELDS},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFile(
            "The truth of the demo study is damaged.",
            "It cannot be evaluated.",
            f"Remove {files.folder} and build it again with “diptych demo”.",
        ) from error


_FIELDS = ("first_voxel_mm", "spacing_mm", "thickness_mm", "photons", "kvp", "seed")


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _nodule(entry: dict[str, Any]) -> Nodule:
    return Nodule(**{name: _tuples(value) for name, value in entry.items()})


def _write(demo: physics.DemoStudy, folder: Path, is_cancelled: Callable[[], bool]) -> None:
    """Write both series and the truth into a temporary folder, the record last."""
    grid = PhantomGrid(demo.first_voxel_mm, demo.spacing_mm, demo.thickness_mm)
    now = datetime.now().astimezone()
    words = f"diptych demo {FORMAT} {demo.seed} {demo.full_dose.shape}"
    doses = (
        (FULL_DOSE, "Chest full dose", demo.full_dose),
        (QUARTER_DOSE, "Chest quarter dose", demo.quarter_dose),
    )
    for number, (name, description, values) in enumerate(doses, start=1):
        (folder / name).mkdir()
        identity = PhantomIdentity(
            words=(words, name),
            series_description=description,
            series_number=number,
            acquired=now,
            kvp=demo.kvp,
            software_version=__version__,
        )
        write_ct_series(values, grid, identity, folder / name, is_cancelled=is_cancelled)
    (folder / TRUTH).mkdir()
    with (folder / TRUTH / _VALUES).open("xb") as file:
        np.save(file, demo.truth, allow_pickle=False)
    record = {
        "format": FORMAT,
        "slices": len(demo.full_dose),
        "nodules": [asdict(nodule) for nodule in demo.nodules],
        "kernel": asdict(demo.kernel),
        **{name: getattr(demo, name) for name in _FIELDS},
    }
    write_bytes(folder / TRUTH / _RECORD, json.dumps(record, indent=1).encode() + b"\n")


def _whole(place: Path) -> DemoStudy | None:
    """Return the study where every file of it is there; None otherwise.

    A folder gets its name only when it is finished, so this looks for what was removed since.
    """
    try:
        record = json.loads((place / TRUTH / _RECORD).read_text(encoding="utf-8"))
        count = int(record["slices"])
        has_values = (place / TRUTH / _VALUES).is_file()
    except (OSError, ValueError, KeyError, TypeError, DiptychError):
        return None
    study = DemoStudy(place, count)
    return study if has_values and all(path.is_file() for path in study.paths) else None
