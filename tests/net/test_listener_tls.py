"""Senders are heard over TLS only where that is set, and with a certificate that we trust."""

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pynetdicom import AE

from tests.builders import build_series
from tests.net.senders import answer, connect, listener, request, until
from viewer.net.listener import Listener
from viewer.net.listening import Listening
from viewer.net.node import Tls

pytestmark = pytest.mark.network


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(key.private_bytes(pem, form, plain))
    return folder / f"{name}.pem", folder / f"{name}.key"


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """Return our certificate, and that of the one sender we trust."""
    ours, friend = certificate(tmp_path, "ours"), certificate(tmp_path, "friend")
    certificate(tmp_path, "stranger")
    return Tls(trusted=friend[0], certificate=ours[0], key=ours[1])


def sender(folder: Path, name: str) -> ssl.SSLContext:
    """Return how a sender speaks TLS who trusts us, with a certificate of its own."""
    context = ssl.create_default_context(cafile=folder / "ours.pem")
    context.check_hostname = False
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def test_a_trusted_sender_stores_and_a_stranger_does_not(tmp_path: Path, tls: Tls):
    (dataset,) = build_series(1)
    ae = AE("SENDER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 5
    ae.add_requested_context(dataset.SOPClassUID, "1.2.840.10008.1.2.1")
    with listener(tmp_path / "in", tls=tls) as listening:
        where = ("127.0.0.1", listening.state.port)
        friend = ae.associate(
            *where, ae_title="DIPTYCH", tls_args=(sender(tmp_path, "friend"), "ours")
        )
        assert friend.send_c_store(dataset).Status == 0
        friend.release()
        # In TLS 1.3 the sender learns with the first answer that it was not let in.
        line = sender(tmp_path, "stranger").wrap_socket(connect(listening.state.port))
        with line, pytest.raises(OSError, match=r"(?i)alert|reset"):
            line.recv(1)
        assert until(lambda: listening.state.refused == 1)
        assert "TLS" in listening.state.trouble
        assert until(lambda: (listening.state.stored, listening.state.associations) == (1, 0))


def test_a_sender_without_tls_is_not_heard(tmp_path: Path, tls: Tls):
    with listener(tmp_path / "in", tls=tls) as listening:
        with connect(listening.state.port) as line:
            line.sendall(request())
            assert answer(line)[:1] != b"\2"
        assert until(lambda: listening.state.refused == 1)
        assert listening.state.lost == 0


def test_a_missing_certificate_is_said(tmp_path: Path):
    wrong = Tls(certificate=tmp_path / "none.pem", key=tmp_path / "none.key")
    one = Listener(Listening(tmp_path, port=0, tls=wrong))
    assert one.start().phase == "failed"
    assert "No such file" in one.state.words
    one.stop()
