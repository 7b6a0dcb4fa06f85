"""A study as one file that goes to a site and comes back: everything in it, with checksums."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path, PurePosixPath

from viewer.core.errors import DamagedRecord, NotSaved
from viewer.reader.plain import canonical
from viewer.reader.record import StudyRecord, open_study
from viewer.reader.record_file import default_second_log, write_file
from viewer.reader.verify import looked_at

MANIFEST = "manifest.json"
IMAGES = "images"


def write_package(study: StudyRecord, out: Path, who: str) -> tuple[str, ...]:
    """Write an open study with its images and its second log into a zip; return the names in it.

    The allocation stays sealed in it, and the images in their containers. That it was exported,
    by whom, stands in the study, and in the package.

    Raises
    ------
    NotSaved : the file is there already, or cannot be written.
    """
    if out.exists():
        raise NotSaved(f"{out} is there already.", "A package is never written over.")
    study.exported(f"package {out.name}", who)
    part, copy = out.with_name(out.name + ".part"), out.with_name(out.name + ".study.part")
    try:
        write_file(copy, study.links)
        names = _write(study, part, copy)
        part.replace(out)
    except (OSError, zipfile.BadZipFile) as error:
        raise NotSaved(
            f"{out} could not be written ({error}).", "", "Check the disk and the folder."
        ) from error
    finally:
        for rest in (part, copy):
            rest.unlink(missing_ok=True)
    return names


def _write(study: StudyRecord, part: Path, copy: Path) -> tuple[str, ...]:
    images = sorted((study.path.parent / IMAGES).glob("*"))
    sources = {
        study.path.name: copy,
        study.path.with_suffix(".jsonl").name: study.second_log,
        **{f"{IMAGES}/{image.name}": image for image in images if image.is_file()},
    }
    sums = {name: _sha256(source) for name, source in sources.items()}
    told = {"protocol_id": study.protocol_id, "head": study.head, "files": sums}
    with zipfile.ZipFile(part, "w") as bundle:
        bundle.writestr(MANIFEST, canonical(told))
        for name, source in sources.items():
            bundle.write(source, name)
    return (MANIFEST, *sources)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_package(package: Path, folder: Path, second_log: Path | None = None) -> Path:
    """Unpack a package into a new folder, check every byte, and return the study file.

    Raises
    ------
    DamagedRecord : it is no package, or a checksum or the chain does not hold.
    NotSaved : the folder is there already and holds something, or cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise NotSaved(f"{folder} is not empty.", "", "Name a new folder for the study.")
    try:
        with zipfile.ZipFile(package) as bundle:
            told = json.loads(bundle.read(MANIFEST))
            _unpack(bundle, told["files"], folder, package)
        (name,) = (str(name) for name in told["files"] if name.endswith(".study"))
        head = str(told["head"])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DamagedRecord(
            f"{package} is no package of a study ({error}).", "", "Get it again from its sender."
        ) from error
    except OSError as error:
        raise NotSaved(f"{package} could not be unpacked ({error}).") from error
    path = folder / name
    _, links = looked_at(path)
    if links[-1].hash != head:
        raise DamagedRecord(f"The study in {package} is not the one that was packed.")
    log = second_log or _free(default_second_log(path, str(told["protocol_id"])))
    log.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path.with_suffix(".jsonl"), log)
    open_study(path, log).close()
    return path


def _unpack(bundle: zipfile.ZipFile, sums: dict[str, str], folder: Path, package: Path) -> None:
    for name, wanted in sums.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or ":" in name:
            raise DamagedRecord(f"{package} holds a file with a forbidden name ({name}).")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with bundle.open(name) as source, target.open("xb") as file:
            shutil.copyfileobj(source, file)
        if _sha256(target) != wanted:
            raise DamagedRecord(
                f"{name} in {package} does not have its checksum.",
                "The package was damaged on its way, or changed.",
                "Get it again from its sender.",
            )


def _free(path: Path) -> Path:
    """Return a path that is not taken: this one, or the same with a number."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
