"""Everything that a study has come to, in one zip: for the archive, and for whoever checks it."""

import hashlib
import io
import zipfile
from importlib.metadata import version
from pathlib import Path

from viewer import __version__
from viewer.app.analysing import unsealed
from viewer.app.study_exporting import answers_csv
from viewer.core.errors import DamagedRecord, NotSaved
from viewer.io.safely import not_saved, write_bytes
from viewer.reader.answer_rows import answer_rows
from viewer.reader.exchange.writing import marks_csv, tidy_csv
from viewer.reader.plain import canonical
from viewer.reader.study_file import study_json
from viewer.reader.verify import looked_at

SUMS = "SHA256SUMS"
LIBRARIES = ("numpy", "scipy", "statsmodels", "torch", "pydicom")


def write_bundle(path: Path, out: Path) -> tuple[str, ...]:
    """Write a zip of an unblinded study and return the names in it; the same study, the same bytes.

    In it are the protocol (a study file), the allocation, every event with its hashes, every
    revision of every answer, ratings and marks as tables, the versions of the software, and the
    SHA-256 of each file as `sha256sum -c` reads them.

    Raises
    ------
    SealedStudy : the study was not unblinded.
    NotSaved : the file is there, or cannot be written.
    """
    if out.exists():
        raise NotSaved(f"{out} is there already.", "A bundle is never written over.")
    files = {name: text.encode() for name, text in _texts(path).items()}
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items()]
    files[SUMS] = ("\n".join(sums) + "\n").encode()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    try:
        write_bytes(out, held.getvalue())
    except OSError as error:
        raise not_saved("The bundle", error) from error
    return tuple(files)


def _texts(path: Path) -> dict[str, str]:
    readings, protocol = unsealed(path)
    standing, links = looked_at(path)
    allocation = standing.unblinded.data["allocation"] if standing.unblinded else {}
    events = [
        f'{{"hash":"{link.hash}","prev_hash":"{link.prev_hash}","event":{link.payload}}}'
        for link in links
    ]
    versions = {"diptych": __version__, **{name: version(name) for name in LIBRARIES}}
    return {
        "protocol.json": study_json(protocol) if protocol is not None else "{}\n",
        "allocation.json": canonical(allocation) + "\n",
        "events.jsonl": "\n".join(events) + "\n",
        "answers.csv": answers_csv(answer_rows(path), path.stem),
        "readings.csv": tidy_csv(readings, protocol),
        "marks.csv": marks_csv(readings),
        "versions.json": canonical(versions) + "\n",
    }


def check_bundle(path: Path) -> tuple[str, ...]:
    """Return the names in a bundle whose files are not what its sums say; () where all are.

    Raises
    ------
    DamagedRecord : it is no bundle.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            lines = bundle.read(SUMS).decode().splitlines()
            told = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
            there = set(bundle.namelist()) - {SUMS}
            found = {name: hashlib.sha256(bundle.read(name)).hexdigest() for name in there}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DamagedRecord(f"{path.name} is no bundle of a study ({error}).") from error
    return tuple(sorted(name for name in {*told, *found} if told.get(name) != found.get(name)))
