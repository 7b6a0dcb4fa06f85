"""One association with a sender, from its request to its release: C-STORE and C-ECHO, raw to disk.

The bytes of an object go from the socket into a file as they come and are never decoded; only
requests for associations and command sets are. Source: DICOM PS3.4 annexes A and B; PS3.7 9.1.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from pynetdicom.presentation import PresentationContext

from viewer.core.errors import NotSaved
from viewer.net import command_set
from viewer.net.arrivals import Received, note
from viewer.net.classes import VERIFICATION
from viewer.net.command_set import Command
from viewer.net.inbox import Arrival, Inbox, Incoming, is_uid
from viewer.net.listening import Listening
from viewer.net.negotiation import (
    APPLICATION_CONTEXT,
    accept_bytes,
    decided,
    request_of,
)
from viewer.net.wire import (
    ABORT,
    P_DATA,
    RELEASE_RESPONSE,
    RELEASE_RQ,
    UNEXPECTED,
    PeerLeft,
    RudePeer,
    Wire,
    abort_bytes,
    data_bytes,
    fragments,
    reject_bytes,
)

SUCCESS, NO_SUCH_CLASS, BAD_INSTANCE = 0x0000, 0x0122, 0x0117
NO_SUCH_OPERATION, NO_ROOM = 0x0211, 0xA700

MOST_COMMAND_BYTES = 16_384
LEAST_RATE = 4096
"""Bytes a second that an object must keep up, beyond the time for one PDU."""

Event = Literal["accepted", "refused", "broken", "stored", "unsaved"]
Tell = Callable[[Event, int, str], None]
"""Takes what happened, a number of bytes, and words for the owner."""


class StorageAssociation:
    """Serves one connection until it ends; everything that a peer may do wrong ends it."""

    def __init__(
        self, wire: Wire, listening: Listening, inbox: Inbox, address: str, tell: Tell
    ) -> None:
        self._wire, self._listening, self._inbox = wire, listening, inbox
        self._address, self._tell = address, tell
        self._calling = ""
        self._most_bytes = 0
        self._contexts: dict[int, PresentationContext] = {}
        self._message: _Message | None = None

    @property
    def _who(self) -> str:
        return f"{self._calling}@{self._address}" if self._calling else self._address

    def serve(self) -> None:
        """Answer the peer until it releases the association or breaks a rule; close the line."""
        last = b""
        try:
            last = self._opened() or self._served()
        except RudePeer as error:
            last = abort_bytes(error.reason)
            self._tell("broken", 0, f"{self._who}: {error}.")
        except PeerLeft as error:
            last = abort_bytes(0)
            self._tell("broken", 0, f"{self._who}: {error}.")
        finally:
            if self._message is not None:
                self._message.drop()
            self._wire.close(last)

    def _opened(self) -> bytes:
        """Answer the request for an association; return the last bytes where it is refused."""
        limit_s = self._listening.acse_s
        pdu = self._wire.read(limit_s, limit_s, associate=True)
        if pdu.kind == ABORT:
            raise PeerLeft("the peer aborted before it asked for anything")
        body = bytes(pdu.body)
        request = request_of(body)
        calling, called = request.calling_ae_title.strip(), request.called_ae_title.strip()
        self._calling = calling
        refusal: tuple[tuple[int, int, int], str] | None = None
        if not body[1] & 1:
            refusal = (1, 2, 2), "speaks another version of the protocol"
        elif str(request.application_context_name) != APPLICATION_CONTEXT:
            refusal = (1, 1, 2), "asks for another application"
        elif called != self._listening.title.strip():
            refusal = (1, 1, 7), f"calls us {called!r}, which is not our title"
        elif not self._listening.is_known(calling, self._address):
            refusal = (1, 1, 3), f"the title {calling!r} may not send from {self._address}"
        if refusal is not None:
            self._tell("refused", 0, f"{self._who}: {refusal[1]}.")
            return reject_bytes(*refusal[0])
        answers = decided(
            request.presentation_context_definition_list, self._listening.takes_deflated
        )
        self._contexts = {one.context_id or 0: one for one in answers if one.result == 0}
        self._most_bytes = request.maximum_length_received or 0
        self._wire.send(accept_bytes(request, answers), limit_s)
        self._tell("accepted", 0, "")
        return b""

    def _served(self) -> bytes:
        """Answer requests until the release; return the last bytes to send."""
        limits = self._listening
        while True:
            if self._message is None:
                pdu = self._wire.read(limits.idle_s, limits.dimse_s)
            else:
                left_s = self._message.left_s(limits.dimse_s)
                pdu = self._wire.read(left_s, left_s)
            if pdu.kind == RELEASE_RQ and self._message is None:
                return RELEASE_RESPONSE
            if pdu.kind == ABORT:
                self._tell("broken", 0, f"{self._who}: the peer aborted.")
                return b""
            if pdu.kind != P_DATA:
                raise RudePeer(f"a PDU of type {pdu.kind} came out of turn", UNEXPECTED)
            for context_id, control, piece in fragments(pdu.body):
                self._take(context_id, control, piece)

    def _take(self, context_id: int, control: int, piece: memoryview) -> None:
        """Take one fragment of a message. Bit 0 of control: of the command; bit 1: the last."""
        if context_id not in self._contexts:
            raise RudePeer(f"presentation context {context_id} was not agreed on")
        if self._message is None:
            self._message = _Message(context_id)
        message = self._message
        if context_id != message.context_id or bool(control & 1) == message.is_commanded:
            raise RudePeer("fragments of several messages are mixed")
        if control & 1:
            message.encoded += piece
            if len(message.encoded) > MOST_COMMAND_BYTES:
                raise RudePeer("a command is longer than allowed")
            if control & 2:
                self._begin(message)
            return
        message.size += len(piece)
        if message.size > self._listening.most_object_bytes:
            raise RudePeer("an object is larger than allowed")
        message.write(piece)
        if control & 2:
            self._end(message)

    def _begin(self, message: "_Message") -> None:
        """Decide about a request once its command is there, before any of its data is."""
        try:
            message.command = command_set.read_command(message.encoded)
            field = command_set.number(message.command, command_set.FIELD)
            kind = command_set.number(message.command, command_set.DATA_SET_TYPE)
            if field != command_set.C_CANCEL:
                command_set.number(message.command, command_set.MESSAGE_ID)
        except ValueError as error:
            raise RudePeer(str(error)) from error
        if field & command_set.RESPONSE:
            raise RudePeer("a response came where a request was due")
        message.is_commanded = True
        message.has_data = kind != command_set.NO_DATA_SET
        if field == command_set.C_STORE:
            self._begin_store(message)
        elif field == command_set.C_CANCEL:
            message.is_silent = True
        elif field != command_set.C_ECHO:
            message.refuse(NO_SUCH_OPERATION, "This node stores and answers C-ECHO only")
        if not message.has_data:
            self._end(message)

    def _begin_store(self, message: "_Message") -> None:
        context = self._contexts[message.context_id]
        arrival = Arrival(
            command_set.text(message.command, command_set.CLASS_UID),
            command_set.text(message.command, command_set.INSTANCE_UID),
            str(context.transfer_syntax[0]),
            self._calling,
            self._address,
        )
        if not message.has_data:
            raise RudePeer("an object without a data set was sent")
        if not is_uid(arrival.sop_class_uid) or context.abstract_syntax == VERIFICATION:
            message.refuse(NO_SUCH_CLASS, "The SOP class is none of this context")
        elif not is_uid(arrival.sop_instance_uid):
            message.refuse(BAD_INSTANCE, "The SOP Instance UID is no UID")
        else:
            message.store(self._inbox, arrival)

    def _end(self, message: "_Message") -> None:
        """Keep the object of a message that is whole, and answer."""
        received = message.keep(self._inbox, self._listening.title)
        field = command_set.number(message.command, command_set.FIELD)
        if received is not None:
            self._tell("stored", received.size, "")
        elif field == command_set.C_STORE:
            self._tell("unsaved", 0, f"{self._who}: {message.comment}.")
        if not message.is_silent:
            answer = command_set.response_bytes(message.command, message.status, message.comment)
            framed = data_bytes(message.context_id, answer, self._most_bytes)
            self._wire.send(framed, self._listening.dimse_s)
        self._message = None


class _Message:
    """A message that is being received: its command, and the object that follows."""

    def __init__(self, context_id: int) -> None:
        self.context_id = context_id
        self.encoded = bytearray()
        self.command: Command = {}
        self.is_commanded = self.has_data = self.is_silent = False
        self.size, self.status, self.comment = 0, SUCCESS, ""
        self._began = time.monotonic()
        self._incoming: Incoming | None = None
        self._arrival: Arrival | None = None

    def left_s(self, dimse_s: float) -> float:
        """Return the time that is left for the next PDU: the more came, the later it may be."""
        return self._began + dimse_s + self.size / LEAST_RATE - time.monotonic()

    def refuse(self, status: int, comment: str) -> None:
        """Answer with a status other than success once the message is whole."""
        self.drop()
        self.status, self.comment = status, comment

    def store(self, inbox: Inbox, arrival: Arrival) -> None:
        """Begin to write the object that is announced."""
        try:
            self._arrival, self._incoming = arrival, Incoming(inbox, arrival)
        except NotSaved as error:
            self.refuse(NO_ROOM, error.what.rstrip("."))

    def write(self, piece: memoryview) -> None:
        """Write data of the object, unless it was refused."""
        if self._incoming is not None:
            try:
                self._incoming.write(piece)
            except NotSaved as error:
                self.refuse(NO_ROOM, error.what.rstrip("."))

    def keep(self, inbox: Inbox, called: str) -> Received | None:
        """Give the object its place and list it; None where there is none to keep."""
        if self._incoming is None or self._arrival is None:
            return None
        try:
            kept = self._incoming.finish()
            now = datetime.now(UTC)
            received = Received(kept, self._arrival, called, self._incoming.size, now)
            note(inbox.folder, received)
        except NotSaved as error:
            self.refuse(NO_ROOM, error.what.rstrip("."))
            return None
        return received

    def drop(self) -> None:
        """Remove what was written of an object that is not whole."""
        if self._incoming is not None:
            self._incoming.drop()
            self._incoming = None
