"""A session over volumes made in memory: fake images and enhancements, jobs run in line."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from viewer.app.ahead import AheadQueue
from viewer.app.jobs import Jobs
from viewer.app.library import StudyLibrary
from viewer.app.measuring import Notebook
from viewer.app.presets import read_presets
from viewer.app.session import Session
from viewer.app.settings import Settings
from viewer.app.workspace import Layer, PartKey, Workspace
from viewer.core.geometry import FrameGeometry, volume_geometry
from viewer.core.places import data_folder
from viewer.core.provenance import MethodKind, Provenance
from viewer.core.study import (
    Entry,
    FrameFacts,
    Instance,
    PixelLayout,
    Series,
    SeriesPart,
    Study,
)
from viewer.core.volume import AnyVolume, Volume, derive
from viewer.core.windowing import Window

LAYOUT = PixelLayout(32, 32, 1, "MONOCHROME2", 16, 16, 15, True, 0, 0, 2048)


@dataclass
class FakeImages:
    """Stands in for loading: parts have the volumes that the test put into the workspace."""

    workspace: Workspace
    loaded: list[PartKey] = field(default_factory=list)
    thumbnails: dict[PartKey, Any] = field(default_factory=dict)
    thumbnail_arrived: Any = None

    def load(self, part: SeriesPart, first: int, publish: Any) -> None:
        self.loaded.append(part.key)

    def fraction_loaded(self, key: PartKey) -> float | None:
        return None

    def default_window(self, key: PartKey) -> Window:
        return Window(40.0, 400.0)

    def file_windows(self, part: SeriesPart, index: int) -> tuple[Window, ...]:
        return part.sources[index].facts.windows

    def make_thumbnails(self, keys: Any) -> None:
        return None

    def forget_all(self) -> None:
        return None

    def close(self) -> None:
        return None


class FakeSpreads:
    """Stands in for the spreads of models: nothing is computed."""

    def is_computing(self, part: PartKey) -> bool:
        return False


class FakeEnhancements:
    """Stands in for methods: nothing runs."""

    def __init__(self) -> None:
        self.spreads = FakeSpreads()
        self.refusals: dict[tuple[PartKey, str], Any] = {}

    def survey(self, part: PartKey) -> None:
        return None

    def job(self, part: PartKey) -> None:
        return None

    def fraction(self, part: PartKey) -> float | None:
        return None

    def enhancement(self, part: PartKey, method_id: str) -> None:
        return None

    def methods(self) -> tuple[Any, ...]:
        return ()

    def gates(self, part: PartKey, method_id: str) -> tuple[Any, ...]:
        return ()

    def forget_all(self) -> None:
        return None


def new_session(home: Path) -> Session:
    """Return a session without files, threads or a screen."""
    workspace = Workspace(Settings())
    jobs = Jobs(lambda call: call(), is_inline=True)
    enhancements: Any = FakeEnhancements()
    return Session(
        workspace=workspace,
        jobs=jobs,
        images=FakeImages(workspace),  # type: ignore[arg-type]
        enhancements=enhancements,
        ahead=AheadQueue(workspace, jobs, enhancements),
        notebook=Notebook(workspace, home),
        library=StudyLibrary(workspace, jobs, home / "library"),
        presets=read_presets(data_folder("resources") / "window_presets.toml"),
        home=home,
    )


def put_series(
    session: Session,
    uid: str = "1.2.3",
    *,
    slices: int = 10,
    spacing_mm: float = 2.0,
    start_mm: float = 0.0,
    frame_of_reference: str = "1.9",
    patient: str = "Doe^Jane",
    study_uid: str = "1.2",
    values: Any = None,
    modality: str = "CT",
) -> PartKey:
    """Add an axial series with loaded pixels; return the key of its part."""
    planes = [
        FrameGeometry(
            (-16.0, -16.0, start_mm + spacing_mm * k), (1, 0, 0), (0, 1, 0), (1.0, 1.0), (32, 32)
        )
        for k in range(slices)
    ]
    study = Study(study_uid, patient, f"ID-{patient}", "19700101", date="20240102")
    series = Series(uid, modality, 3, "Chest")
    entries = tuple(
        Entry(
            study,
            series,
            Instance(
                path=f"/nowhere/{uid}/{k}",
                origin=f"/nowhere/{uid}/{k}",
                sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
                sop_instance_uid=f"{uid}.{k}",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                modality=modality,
                instance_number=k + 1,
                frame_of_reference_uid=frame_of_reference,
                pixels=LAYOUT,
                frames=(FrameFacts(plane, windows=(Window(50.0, 350.0, name="CHEST"),)),),
            ),
        )
        for k, plane in enumerate(planes)
    )
    session.workspace.add(entries)
    part = next(p for p in session.workspace.image_parts() if p.series_uid == uid)
    geometry = volume_geometry(tuple(planes), frame_of_reference_uid=frame_of_reference)
    if values is None:
        values = np.arange(slices * 32 * 32, dtype=np.int16).reshape(slices, 32, 32) % 500
    session.workspace.put_volume(
        part.key,
        Volume(
            values,
            geometry,
            "HU",
            tuple(f"{uid}.{k}" for k in range(slices)),
            np.ones(slices, dtype=np.bool_),
        ),
    )
    return part.key


def provenance(strength: float = 0.4) -> Provenance:
    """Return the provenance of a method that exists in tests only."""
    return Provenance(
        kind=MethodKind.AI,
        method_id="test-denoise",
        method_name="Test denoiser",
        version="1.0",
        weights_sha256="ab" * 32,
        parameters=(),
        strength=strength,
        blend=0.5,
        reached=strength,
        input_range=(0.0, 1.0),
        source_uids=(),
        device="CPU",
        software_version="0",
        time="2026-01-01T00:00:00+00:00",
    )


def put_layer(session: Session, part: PartKey, name: str = "test-denoise") -> Layer:
    """Give a part a derived layer whose residual is -20 units everywhere at full effect."""
    volume: AnyVolume = session.workspace.volumes[part]
    assert isinstance(volume, Volume)
    steps = np.full(volume.values.shape, -160, dtype=np.int16)
    layer = Layer(derive(volume, steps, provenance()), 1 / 8, 0.5, provenance())
    session.workspace.put_layer(part, name, layer)
    return layer
