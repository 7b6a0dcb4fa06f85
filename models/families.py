"""The kinds of training data by name."""

from __future__ import annotations

from collections.abc import Callable

from artefact_samples import Artefacts
from batches import Family
from ct_samples import Ct
from detail_samples import FinerMr, SharperCt
from mr_samples import Mr
from pet_samples import Pet
from xr_samples import Radiograph

FAMILIES: dict[str, Callable[[], Family]] = {
    "ct": Ct,
    "ct-artefacts": Artefacts,
    "ct-sharper": SharperCt,
    "mr": Mr,
    "mr-finer": FinerMr,
    "pet": Pet,
    "xr": Radiograph,
}
