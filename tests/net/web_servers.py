"""A small DICOMweb server that answers what a test tells it to, right or wrong, on loopback."""

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from viewer.net.node import Node, Tls

BOUNDARY = b"between"
MULTIPART = 'multipart/related; type="application/dicom"; boundary="between"'


@dataclass
class Request:
    """What was asked: method, path with query, header fields in lower case, and body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What is answered; `length` stands for the true length, None leaves it out."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = -1


@dataclass
class Server:
    """A running server: the requests that came, and its address."""

    port: int
    scheme: str = "http"
    asked: list[Request] = field(default_factory=list)

    def node(self, tls: Tls | None = None) -> Node:
        """Return the node that this server is."""
        web = f"{self.scheme}://127.0.0.1:{self.port}/web"
        return Node("FAKE", "127.0.0.1", 104, web=web, tls=tls)


@contextmanager
def serving(
    answer: Callable[[Request], Answer], context: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """Serve while the block runs; `answer` is called in a thread of the server."""

    class Handling(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            fields = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, fields, self.rfile.read(size))
            server.asked.append(request)
            told = answer(request)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            if told.length is not None:
                length = len(told.body) if told.length < 0 else told.length
                self.send_header("Content-Length", str(length))
            self.close_connection = told.length is None or told.length >= 0
            self.end_headers()
            self.wfile.write(told.body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_parts: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_parts: object) -> None:
            """Take no notice of clients that hang up."""

    listening = Quiet(("127.0.0.1", 0), Handling)
    if context is not None:
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    server = Server(listening.server_address[1], "https" if context else "http")
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.socket.close()


def message(*contents: bytes, end: bytes = b"\r\n--between--\r\n") -> bytes:
    """Return a multipart message of DICOM files."""
    head = b"\r\n--between\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + content for content in contents) + end


def certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, Path]:
    """Write a certificate that signs itself, and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{host}.crt", folder / f"{host}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
