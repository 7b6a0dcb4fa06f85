"""What our storage listener answers to a request for an association: contexts, in our order.

Source: DICOM PS3.8 9.3.2, 9.3.3; PS3.7 D.3.
"""

import struct
from collections.abc import Sequence

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pydicom.uid import UID
from pynetdicom import AllStoragePresentationContexts
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import PresentationContext

from viewer.core.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from viewer.net.classes import VERIFICATION
from viewer.net.wire import MOST_DATA_BYTES, RudePeer

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
_ENCAPSULATED = "1.2.840.10008.1.2.1.98"
_JPEG = "1.2.840.10008.1.2.4."
_RLE = "1.2.840.10008.1.2.5"
LOSSLESS = (
    *(f"{_JPEG}{end}" for end in (80, 90, 70, 57, 201, 202, 92, 110, 111)),
    _RLE,
    _ENCAPSULATED,
)
LOSSY = tuple(
    f"{_JPEG}{end}"
    for end in (
        *(50, 51, 81, 91, 93, 203, 112),
        *(f"{video}{part}" for video in range(100, 107) for part in ("", ".1")),
        *(107, 108),
    )
)
SYNTAXES = (EXPLICIT, *LOSSLESS, *LOSSY, IMPLICIT, BIG_ENDIAN)
"""Transfer syntaxes that objects are taken in, the preferred one first."""

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_STORAGE_CLASSES = frozenset(str(one.abstract_syntax) for one in AllStoragePresentationContexts)
_ACCEPTED, _NO_CLASS, _NO_SYNTAX = 0, 3, 4


def request_of(body: bytes) -> A_ASSOCIATE:
    """Return what an A-ASSOCIATE-RQ PDU asks for; `body` is what follows its length.

    Raises
    ------
    RudePeer : it is malformed.
    """
    pdu = A_ASSOCIATE_RQ()
    if len(body) < 68:
        raise RudePeer("the request for an association is cut off")
    try:
        pdu.decode(struct.pack(">BBL", 1, 0, len(body)) + body)
        return pdu.to_primitive()
    except (
        *(ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError),
        *(RecursionError, TypeError, ValueError, struct.error),
    ) as error:
        raise RudePeer("the request for an association is malformed") from error


def is_storage(class_uid: str) -> bool:
    """Tell whether a SOP class is one of storage; private and unknown ones are taken for such."""
    uid = UID(class_uid)
    return (
        class_uid in _STORAGE_CLASSES
        or class_uid.startswith(_STORAGE)
        or (uid.name == class_uid and uid.is_valid)
    )


def decided(
    proposed: Sequence[PresentationContext], takes_deflated: bool = False
) -> list[PresentationContext]:
    """Return the answer to each presentation context: a transfer syntax of ours, or why not."""
    order = (*SYNTAXES[:-1], DEFLATED, BIG_ENDIAN) if takes_deflated else SYNTAXES
    return [_decided(context, order) for context in proposed]


def _decided(context: PresentationContext, order: Sequence[str]) -> PresentationContext:
    class_uid = str(context.abstract_syntax or "")
    offered = {str(syntax) for syntax in context.transfer_syntax}
    is_ours = class_uid == VERIFICATION or is_storage(class_uid)
    chosen = next((syntax for syntax in order if syntax in offered), None)
    answer = PresentationContext()
    answer.context_id = context.context_id
    answer.abstract_syntax = context.abstract_syntax
    # One is named in every answer; it means nothing in a refusal (PS3.8 table 9-18).
    answer.transfer_syntax = [UID(chosen or IMPLICIT)]
    answer.result = _NO_CLASS if not is_ours else _NO_SYNTAX if chosen is None else _ACCEPTED
    return answer


def accept_bytes(request: A_ASSOCIATE, answers: Sequence[PresentationContext]) -> bytes:
    """Return the A-ASSOCIATE-AC PDU that answers a request."""
    length = MaximumLengthNotification()
    length.maximum_length_received = MOST_DATA_BYTES
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = IMPLEMENTATION_VERSION
    answer = A_ASSOCIATE()
    answer.application_context_name = UID(APPLICATION_CONTEXT)
    answer.calling_ae_title = request.calling_ae_title
    answer.called_ae_title = request.called_ae_title
    answer.result, answer.result_source = 0, 1
    answer.presentation_context_definition_results_list = list(answers)
    answer.user_information = [length, implementation, version]
    pdu = A_ASSOCIATE_AC()
    pdu.from_primitive(answer)
    return bytes(pdu.encode())
