"""Files of weights: used only where their SHA-256 is the one that the card of the model states."""

import errno
import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from viewer.core.errors import UntrustedWeights

_RESTORE = "Install Diptych again, or restore the folder of the model."
LARGEST_FILE = 1 << 30


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One form of the weights: where it is and the SHA-256 that the card states."""

    path: Path
    sha256: str


class WeightsState(Enum):
    """Whether a model's weights are what its card says."""

    VERIFIED = "verified"
    MISSING = "missing"
    MISMATCH = "checksum mismatch"


def _content(path: Path) -> bytes:
    """Return what a file holds; OSError where it is none, or is larger than 1 GB."""
    if not path.is_file() or path.stat().st_size > LARGEST_FILE:
        raise FileNotFoundError(errno.ENOENT, "no file of at most 1 GB", str(path))
    return path.read_bytes()


def weights_state(weights: WeightsFile) -> WeightsState:
    """Return whether a weights file is there and has the checksum that its card states."""
    try:
        content = _content(weights.path)
    except OSError:
        return WeightsState.MISSING
    matches = hashlib.sha256(content).hexdigest() == weights.sha256.lower()
    return WeightsState.VERIFIED if matches else WeightsState.MISMATCH


def trusted_weights(weights: WeightsFile | None) -> bytes:
    """Return the content of a weights file once its SHA-256 has been checked.

    The bytes that were checked are the bytes that are used: the file is not read twice.

    Raises
    ------
    UntrustedWeights : it is missing, or its checksum is another; None: the card names none.
    """
    if weights is None:
        raise UntrustedWeights("The model has no weights of the form that is needed here.")
    try:
        content = _content(weights.path)
    except OSError as error:
        raise UntrustedWeights(
            f"The weights {weights.path.name} of {weights.path.parent.name} cannot be read.",
            "The model was not run.",
            _RESTORE,
        ) from error
    if hashlib.sha256(content).hexdigest() != weights.sha256.lower():
        raise UntrustedWeights(
            f"The weights {weights.path.name} of {weights.path.parent.name} are not those that "
            "its card names: the checksum differs.",
            "They were changed or damaged, and the model was not run.",
            _RESTORE,
        )
    return content
