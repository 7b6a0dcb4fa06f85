"""Amends a locked study: its file in a later version, under the owner's passphrase."""

from dataclasses import dataclass
from pathlib import Path

from viewer.app.coordinating import opened_plan
from viewer.app.locking import as_read, as_shown
from viewer.reader.amending import amended_plan
from viewer.reader.protocol import Protocol
from viewer.reader.record import StudyRecord, open_study
from viewer.reader.sealing import seal_plan
from viewer.reader.standing import Locked
from viewer.reader.study_file import protocol_id, read_study_file


@dataclass(frozen=True, slots=True)
class Amended:
    """What an amendment did: the version, the protocol's new id, what changed, who came in."""

    version: int
    protocol_id: str
    changes: tuple[str, ...]
    readers: tuple[str, ...]


def later_version(file: Path) -> Protocol:
    """Return the version of a protocol that a study file describes; InvalidProtocol, see there."""
    return read_study_file(file)


def amend_study(study: Path, file: Path, passphrase: str, who: str = "") -> Amended:
    """Put a later version of the study file beside the locked one; both are kept.

    Raises
    ------
    InvalidProtocol : the file has faults, or changes what is fixed.
    SealedStudy : the passphrase is another one; the attempt is noted.
    IllegalTransition : the study was unblinded already.
    """
    wanted = later_version(file)
    with open_study(study) as record:
        return amend(record, wanted, passphrase, who)


def amend(record: StudyRecord, wanted: Protocol, passphrase: str, who: str = "") -> Amended:
    """Put a later version of the protocol beside the one of an open record; see `amend_study`."""
    plan = opened_plan(record, passphrase, who, "amending")
    longer, changes = amended_plan(plan, wanted)
    known = {reader.code for reader in plan.protocol.readers}
    name = protocol_id(longer.protocol)
    locked = Locked(
        as_read(longer.protocol),
        name,
        as_shown(longer.allocation, longer.images),
        seal_plan(longer, passphrase),
        record.image_key,
    )
    record.amend(locked, changes, who or longer.protocol.study.owner)
    come = tuple(one.code for one in longer.protocol.readers if one.code not in known)
    return Amended(longer.protocol.version, name, changes, come)
