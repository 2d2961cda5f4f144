"""A real PostgreSQL for the length of a test module, on a socket and on loopback with a certificate of its own."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "hush-hush"
NEEDED = "AUDCTL_NEED_POSTGRES"


@dataclass(frozen=True)
class Postgres:
    port: int
    certificate: Path

    def address(self, table: str = "public.people", *, role: str = "reader", rest: str = "") -> str:
        return f"postgresql://{role}@127.0.0.1:{self.port}/crm{rest}#{table}"

    def run(self, *statements: str) -> None:
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="owner",
            password=PASSWORD,
            dbname="crm",
            autocommit=True,
        ) as connection:
            for each in statements:
                connection.execute(each.encode())


def find_binaries() -> Path:
    """Return the folder of the server's programs; skip where there is none, fail where there has to be."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    beside = shutil.which("pg_ctl")
    if found:
        return found[-1].parent
    if beside is not None:
        return Path(beside).resolve().parent
    if os.environ.get(NEEDED):
        pytest.fail(f"{NEEDED} is set, but there is no PostgreSQL server")
    pytest.skip("no PostgreSQL server on this machine")


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server. It refuses to run as root: then somebody else runs it.

    Not in a folder of pytest's: each start of pytest closes those to others.
    """
    binaries = find_binaries()
    with tempfile.TemporaryDirectory(prefix="audctl-postgres-") as folder:
        yield from _running(binaries, Path(folder))


def _running(binaries: Path, home: Path) -> Iterator[Postgres]:
    as_other: list[str] = []
    if os.geteuid() == 0:
        as_other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        os.chown(home, 65534, 65534)
    (home / "password").write_text(PASSWORD, encoding="utf-8")
    (home / "password").chmod(0o644)
    data = home / "data"

    def run(program: str, *options: str) -> None:
        environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(home)}
        done = subprocess.run(
            [*as_other, str(binaries / program), *options],
            cwd=home,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr + done.stdout

    run(
        "initdb",
        "--pgdata=data",
        "--username=owner",
        "--auth=scram-sha-256",
        "--pwfile=password",
        "--encoding=UTF8",
        "--no-sync",
    )
    certificate = _certify(data, as_other != [])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "ssl": "on",
        "shared_buffers": "16MB",
    }
    options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in settings.items())
    run("pg_ctl", "--pgdata=data", "--wait", "--log=log", f"--options={options}", "start")
    try:
        server = Postgres(port, certificate)
        with psycopg.connect(
            host="127.0.0.1",
            port=port,
            user="owner",
            password=PASSWORD,
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute("CREATE DATABASE crm")
            connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'".encode())
        yield server
    finally:
        run("pg_ctl", "--pgdata=data", "--mode=immediate", "--wait", "stop")


def _certify(data: Path, for_other: bool) -> Path:
    """Write a certificate for this machine, which signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (data / "server.key").write_bytes(private)
    (data / "server.key").chmod(0o600)
    certificate = data.parent / "server.crt"
    for path in (data / "server.crt", certificate):
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    if for_other:
        for path in (data / "server.key", data / "server.crt"):
            os.chown(path, 65534, 65534)
    return certificate
