"""Writes the DICOM conformance statement from the program's own tables.

python packaging/conformance.py            prints it
python packaging/conformance.py --write    writes it to resources/help/conformance.md
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pydicom.uid import UID

from viewer import __version__
from viewer.core.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from viewer.net import association, classes, query, retrieve, send
from viewer.net.listening import Listening
from viewer.net.node import OUR_TITLE

STATEMENT = Path(__file__).resolve().parent.parent / "resources" / "help" / "conformance.md"


def statement() -> str:
    """Return the statement in Markdown, in the order of PS3.2."""
    parts = [
        _overview(),
        _services(),
        _negotiation(),
        _listening(),
        _queries(),
        _storage(),
        _rest(),
    ]
    return "\n\n".join(parts) + "\n"


def _overview() -> str:
    return f"""# DICOM conformance statement

Diptych {__version__}, for research use. Written by `python packaging/conformance.py --write` from
the program's own tables; a test holds it to them. DICOM PS3.2 says what such a statement is.

| | |
|---|---|
| Application entity | `{OUR_TITLE}`, or what the preferences say |
| Implementation Class UID | {IMPLEMENTATION_CLASS_UID} |
| Implementation Version Name | {IMPLEMENTATION_VERSION} |
| Largest PDU that we receive | {association.PDU_BYTES} bytes |
| Time limits | connection {association.CONNECT_S:g} s, association {association.ACSE_S:g} s, \
silence in a query {association.DIMSE_S:g} s, silence in a retrieval {retrieve.SILENCE_S:g} s |
| Asynchronous operations | none: one request at a time |"""


def _services() -> str:
    found = [
        ("Verification", classes.VERIFICATION, "SCU"),
        ("Query, Study Root", query.STUDY_ROOT_FIND, "SCU"),
        ("Query, Patient Root, where Study Root is not offered", query.PATIENT_ROOT_FIND, "SCU"),
        ("Retrieve, C-GET", retrieve.STUDY_ROOT_GET, "SCU"),
        ("Retrieve, C-MOVE", retrieve.STUDY_ROOT_MOVE, "SCU"),
        ("Storage of any class", "by the class of each object", "SCU"),
        ("Verification and storage of any class, while we listen", "off until asked for", "SCP"),
        ("Storage, within C-GET", "classes below", "SCP by role selection"),
        ("DICOMweb: QIDO-RS, WADO-RS, STOW-RS", "PS3.18", "user agent"),
    ]
    rows = "\n".join(f"| {name} | {uid} | {role} |" for name, uid, role in found)
    return f"## Services\n\n| service | SOP class | role |\n|---|---|---|\n{rows}"


def _negotiation() -> str:
    taken = "\n".join(f"{n}. {UID(uid).name} ({uid})" for n, uid in enumerate(retrieve.SYNTAXES, 1))
    plain = " or ".join(UID(uid).name for uid in send.PLAIN)
    return f"""## Transfer syntaxes

What we take within C-GET, in our order of preference. Each stands in a presentation context of
its own while there is room (at most {association.MOST_CONTEXTS} contexts), so that a node which
does not convert can send objects as they are:

{taken}

Deflated Explicit VR Little Endian is not taken. What we send goes in the syntax of the file; the
node is offered {plain} as well. Objects are kept bit for bit as they came, behind file meta
information of ours."""


def _listening() -> str:
    limits = Listening(Path())
    return f"""## Listening

Off until it is asked for: during a C-MOVE, to that node alone, or by `diptych pacs listen`. Peers
are known by title and address. At once {limits.most_associations} associations,
{limits.most_per_address} from one address; objects up to {limits.most_object_bytes >> 30} GiB;
{limits.least_free_bytes >> 30} GiB of the disk stay free (status 0xA700 otherwise). Compressed
syntaxes are kept as they come, Deflated is refused. The same SOP Instance UID with other content
keeps both. Nothing is decoded on receipt, and file names come from checksums. Storage commitment is
not offered."""


def _queries() -> str:
    rows = "\n".join(
        f"| {level} | {', '.join(keywords)} |" for level, keywords in query.RETURNED.items()
    )
    return f"""## Queries

Hierarchical, the unique keys of all upper levels always given. Values may hold `*` and `?`, lists
of UIDs and ranges of dates. Answers that do not fit a key are left out here, since nodes may
ignore keys. Extended negotiation is not used. Specific Character Set is asked for empty; ISO_IR
192 is sent where a key goes beyond ASCII. Names are matched in all three component groups.

| level | asked back |
|---|---|
{rows}"""


def _storage() -> str:
    uids = dict.fromkeys(uid for found in classes.BY_MODALITY.values() for uid in found)
    rows = "\n".join(f"| {UID(uid).name} | {uid} |" for uid in uids)
    return f"""## Storage classes within C-GET

The classes that an image-level query names are proposed; where it names none, those that are likely
for the modalities of the series, and these where a modality is not known:

| class | UID |
|---|---|
{rows}"""


def _rest() -> str:
    return """## Character sets and security

ISO_IR 6, ISO_IR 100 to 166, ISO 2022 with code extensions, GB18030, GBK and ISO_IR 192 are read;
a node may be given a set for answers that name none. TLS 1.2 or later with the peer's certificate
checked, and a certificate of ours where one is named (PS3.15 annex B). Without TLS nothing is
encrypted, and titles prove nothing.

Derived objects carry Image Type DERIVED, Contributing Equipment, the derivation in words and
codes, and references to their sources; see the README on synthetic pixels."""


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        STATEMENT.write_text(statement(), encoding="utf-8")
    else:
        sys.stdout.write(statement())
