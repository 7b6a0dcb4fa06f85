"""Encrypted associations with a real Orthanc: good and bad certificates, each failure in words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.net.peers import orthanc
from viewer.core.errors import DiptychError, Refused, Unreachable
from viewer.net.node import Node, Tls
from viewer.net.query import Query, echo, find

pytestmark = [pytest.mark.peer, pytest.mark.network, pytest.mark.timeout(120)]


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 and its key; return both."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    crt, private = folder / f"{name}.crt", folder / f"{name}.key"
    crt.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return crt, private


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates: `server` and `ours`, which trust each other, and `other`."""
    made = tmp_path_factory.mktemp("tls")
    certificate(made, "server")
    ours, _ = certificate(made, "ours")
    certificate(made, "other")
    (made / "trusted.crt").write_bytes(ours.read_bytes())
    return made


@pytest.fixture(scope="module")
def plain(folder: Path) -> Iterator[Node]:
    with orthanc("--tls", str(folder)) as node:
        yield node


def node_with(node: Node, tls: Tls | None) -> Node:
    return Node(node.title, node.host, node.port, tls=tls)


def test_both_sides_know_each_other_and_all_goes_as_without(plain: Node, folder: Path):
    node = node_with(plain, Tls(folder / "server.crt", folder / "ours.crt", folder / "ours.key"))
    echo(node)
    assert list(find(node, Query())) == []


def test_a_node_whose_certificate_is_not_trusted_is_refused_by_us(plain: Node, folder: Path):
    node = node_with(plain, Tls(folder / "other.crt", folder / "ours.crt", folder / "ours.key"))
    with pytest.raises(Refused, match="not trusted"):
        echo(node)


@pytest.mark.parametrize("shown", [None, "other"])
def test_a_node_that_does_not_trust_us_is_said(plain: Node, folder: Path, shown: str | None):
    pair = (folder / f"{shown}.crt", folder / f"{shown}.key") if shown else (None, None)
    with pytest.raises(DiptychError, match="certificate of ours"):
        echo(node_with(plain, Tls(folder / "server.crt", *pair)))


def test_a_node_that_wants_tls_and_gets_none_is_said(plain: Node):
    with pytest.raises(DiptychError, match="TLS"):
        echo(node_with(plain, None))


def test_a_node_without_tls_is_said(folder: Path):
    with orthanc() as node, pytest.raises((Refused, Unreachable), match=r"TLS|encrypted"):
        echo(node_with(node, Tls(folder / "server.crt")))


def test_a_certificate_that_cannot_be_read_is_said(plain: Node, folder: Path):
    with pytest.raises(Unreachable, match="cannot be read"):
        echo(node_with(plain, Tls(folder / "nowhere.crt")))
