"""Where the program's own data and the user's folders are."""

import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def data_folder(name: str) -> Path:
    """Return the folder of shipped data called `name` ("models" or "resources").

    In a checkout it lies beside the package; in an installed wheel inside it.
    """
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    return _PACKAGE / "_data" / name


def user_folder() -> Path:
    """Return the folder for settings, index and measurements of this user (not created).

    DIPTYCH_HOME overrides the platform's own place: ``XDG_DATA_HOME``, ``LOCALAPPDATA`` or
    ``~/Library/Application Support``.
    """
    if override := os.environ.get("DIPTYCH_HOME"):
        return Path(override)
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Application Support"
    else:
        root = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    return root / "diptych"


def own_models_folder() -> Path:
    """Return the folder of the models that this user has added (not created)."""
    return user_folder() / "models"
