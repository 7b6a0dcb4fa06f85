"""One association with another node, from one thread: opened, used, released, its faults in words.

Two things of pynetdicom 3.0 are mended here. A request that follows the last response at once can
take that response's place in a queue and wait for ever, so every request waits until the library's
own thread has left its pause. And Nagle's algorithm, which costs 40 ms an object, is switched off.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from viewer.net import pydicom_first  # noqa: F401

# isort: split

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_role

from viewer.core.errors import Refused, Unreachable
from viewer.core.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from viewer.net.node import Node, Tls

CONNECT_S, ACSE_S, DIMSE_S, IDLE_S = 5.0, 10.0, 60.0, 90.0
PDU_BYTES = 131_072
MOST_CONTEXTS = 128

_PAUSE_S = 2.0
_REASONS = {
    (1, 7): "does not answer to the title {title}",
    (1, 3): "does not know us by the title {ours}",
    (3, 1): "is busy: too many associations at once",
    (3, 2): "has reached its limit of associations",
    (2, 2): "speaks another version of the protocol",
}
"""Words for the source and the reason of a rejection. Source: DICOM PS3.8 table 9-21."""

Handlers = Sequence[tuple[Any, Callable[..., Any]]]


class Line:
    """An open association. Use it in one thread, as a context; an error inside aborts it."""

    def __init__(
        self,
        node: Node,
        contexts: Sequence[PresentationContext],
        *,
        receives: Iterable[str] = (),
        handlers: Handlers = (),
        dimse_s: float = DIMSE_S,
    ) -> None:
        """Open an association.

        Parameters
        ----------
        contexts : what is proposed, 128 at most.
        receives : SOP classes of which we take objects on this association (C-GET).
        handlers : pairs of an event of pynetdicom and what is called for it.
        dimse_s : longest silence within a request, in seconds.

        Raises
        ------
        Unreachable : no such host, nobody listens, TLS fails, or silence; in words.
        Refused : the node rejects us, or takes no presentation context.
        """
        self.node = node
        self._sockets: list[socket.socket] = []
        _check_reachable(node)
        entity = AE(node.our_title)
        entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        entity.implementation_version_name = IMPLEMENTATION_VERSION
        entity.acse_timeout, entity.dimse_timeout = ACSE_S, dimse_s
        entity.network_timeout, entity.connection_timeout = IDLE_S, CONNECT_S
        self._assoc: Association = entity.associate(
            node.host,
            node.port,
            list(contexts)[:MOST_CONTEXTS],
            node.title,
            PDU_BYTES,
            ext_neg=[build_role(uid, scu_role=False, scp_role=True) for uid in receives],
            tls_args=_tls_arguments(node),
            evt_handlers=[(evt.EVT_CONN_OPEN, self._opened), *handlers],
        )
        if not self._assoc.is_established:
            self._close()
            raise self._failure()

    def _failure(self) -> Exception:
        """Return why there is no association."""
        found = self._assoc.acceptor.primitive
        if self._assoc.is_rejected and found is not None:
            source, reason = found.result_source or 0, found.diagnostic or 0
            words = _REASONS.get((source, reason), f"rejects the association ({source}, {reason})")
            told = words.format(title=self.node.title, ours=self.node.our_title)
            return Refused(
                f"{self.node.words} {told}.",
                "Nothing was exchanged.",
                "Check both titles; the node's administrator must enter ours and our address.",
            )
        if self._assoc.is_aborted:
            return Refused(
                f"{self.node.words} cuts the association before it begins.",
                f"It may not know us by the title {self.node.our_title}, or want TLS.",
                "Its administrator must enter our title and our address.",
            )
        if not self._assoc.accepted_contexts and self._assoc.rejected_contexts:
            return Refused(
                f"{self.node.words} offers none of the services that were asked for.",
                "",
                "Ask its administrator which services our title may use.",
            )
        return Unreachable(
            f"{self.node.words} takes the connection and does not answer as a DICOM node.",
            "It may want TLS, or be another kind of server.",
            "Check the port, and whether the node uses TLS.",
        )

    def _opened(self, event: evt.Event) -> None:
        """Switch Nagle's algorithm off, and remember the socket."""
        transport = event.assoc.dul.socket
        made = transport.socket if transport is not None else None
        if made is not None:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(made)

    def _close(self) -> None:
        """Close the socket, which the library leaves open where a line broke or never was."""
        for made in self._sockets:
            with suppress(OSError):
                made.close()

    @property
    def raw(self) -> Association:
        """The library's association; call `ready` before each request on it."""
        return self._assoc

    def ready(self) -> Association:
        """Return the association once it can take a request; see the module's words.

        Raises
        ------
        Unreachable : it is gone.
        """
        end = time.monotonic() + _PAUSE_S
        while getattr(self._assoc, "_is_paused", False) and time.monotonic() < end:
            time.sleep(0.0005)
        if not self._assoc.is_established:
            raise self.lost()
        return self._assoc

    def lost(self) -> Unreachable:
        """Return the error of a line that broke, or of a silence."""
        return Unreachable(
            f"{self.node.words} has gone silent, or has cut the line.",
            "What arrived before that is kept.",
            "Try again; what is missing is asked for then.",
        )

    def accepted(self, abstract: str) -> tuple[str, ...]:
        """Return the transfer syntaxes that were accepted for a SOP class."""
        return tuple(
            context.transfer_syntax[0]
            for context in self._assoc.accepted_contexts
            if context.abstract_syntax == abstract
        )

    def abort(self) -> None:
        """Cut the line at once."""
        self._assoc.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the association; abort it where something went wrong."""
        del error, trace
        if self._assoc.is_established:
            if kind is None:
                self._assoc.release()
            else:
                self._assoc.abort()
        self._close()


def _check_reachable(node: Node) -> None:
    """Say in words why a node's address cannot be reached, before DICOM begins."""
    try:
        socket.create_connection((node.host, node.port), CONNECT_S).close()
    except socket.gaierror as error:
        raise Unreachable(
            f"There is no host {node.host}.",
            "Its name is not known to the network.",
            "Check the name, or write its address in numbers.",
        ) from error
    except TimeoutError as error:
        raise Unreachable(
            f"{node.host}:{node.port} does not answer within {CONNECT_S:g} s.",
            "The machine is off, or a firewall is between.",
            "Check the address and the firewall.",
        ) from error
    except OSError as error:
        raise Unreachable(
            f"Nobody listens at {node.host}:{node.port} ({error.strerror or error}).",
            "",
            "Check the port, and whether the node runs.",
        ) from error


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Return the context for a node's TLS: 1.2 at least, the peer's certificate checked.

    Raises
    ------
    Unreachable : a certificate or key cannot be read.
    """
    try:
        made = ssl.create_default_context(cafile=str(tls.trusted) if tls.trusted else None)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if tls.certificate is not None:
            made.load_cert_chain(str(tls.certificate), str(tls.key) if tls.key else None)
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(
            f"A certificate for TLS cannot be read ({error}).",
            "",
            "Check the paths of the certificates and of the key.",
        ) from error
    return made


def _tls_arguments(node: Node) -> tuple[ssl.SSLContext, str] | None:
    if node.tls is None:
        return None
    made = tls_context(node.tls)
    _check_tls(node, made)
    return made, node.host


def _check_tls(node: Node, context: ssl.SSLContext) -> None:
    """Say in words why TLS fails, which the library only logs."""
    try:
        with (
            socket.create_connection((node.host, node.port), CONNECT_S) as plain,
            context.wrap_socket(plain, server_hostname=node.host) as wrapped,
        ):
            wrapped.settimeout(0.2)
            try:  # a node that wants our certificate says no at the first read (TLS 1.3)
                wrapped.recv(1)
            except TimeoutError:
                return
    except ssl.SSLCertVerificationError as error:
        raise Refused(
            f"The certificate of {node.words} is not trusted ({error.verify_message}).",
            "Somebody else may answer in its place.",
            "Check the file of trusted certificates, and the host's name in the certificate.",
        ) from error
    except ssl.SSLError as error:
        raise Refused(
            f"{node.words} refuses the encrypted connection ({error.reason or error}).",
            "It may not use TLS, or may want a certificate of ours.",
            "Check with its administrator.",
        ) from error
    except OSError as error:
        raise Unreachable(
            f"{node.words} cuts the encrypted connection ({error}).",
            "It may want a certificate of ours.",
            "Check with its administrator.",
        ) from error
