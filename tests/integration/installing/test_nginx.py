"""The reverse proxy that docs/install gives, as `daozha init` writes it: a real nginx before a real site."""

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import socketio  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scada import shipped
from tests.support import wheel

pytestmark = pytest.mark.timeout(300)
CONTROL, DRIVERS = "control.example.com", "park.example.com"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")


@dataclass(frozen=True, slots=True)
class Way:
    """The way through the proxy."""

    https: int
    http: int
    folder: Path

    def url(self, name: str) -> str:
        return f"https://{name}:{self.https}"

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.pem")


@pytest.fixture(scope="module")
def way(names_lead_here: None, program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    assert NGINX is not None, "install nginx-light: make setup-test does"
    folder = tmp_path_factory.mktemp("nginx")
    port = wheel.free_block()
    site = _site(program, folder, port)
    https, http = wheel.free_block(2), wheel.free_block(1)
    _certificates(folder)
    text = _here((shipped.INSTALL / "nginx.conf").read_text(encoding="utf-8"), folder, port, https, http)
    (folder / "site.conf").write_text(text)
    head = f"user root;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "main.conf").write_text(f"{head}http {{\n{places}include {folder}/site.conf;\n}}\n")
    command = [NGINX, "-c", str(folder / "main.conf"), "-e", str(folder / "error.log")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=30, check=False)
    assert tried.returncode == 0, tried.stderr
    assert "warn" not in tried.stderr
    with wheel.running([program, "run", "--config", site, "--with-sim"], folder, port):
        process = subprocess.Popen([*command, "-g", "daemon off;"])
        try:
            found = Way(https, http, folder)
            until = time.monotonic() + 20
            while not wheel.Door(found.url(CONTROL), found.ca).answers():
                assert process.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < until, (folder / "error.log").read_text()
                time.sleep(0.1)
            yield found
        finally:
            process.terminate()
            process.wait(20)


def _site(program: Path, folder: Path, port: int) -> Path:
    """Make a virtual site that answers to the names of the proxy."""
    (folder / "password").touch(0o600)
    (folder / "password").write_text(wheel.PASSWORD)
    words = ("--virtual", "--yes", "--port", str(port), "--password-file", folder / "password")
    made = wheel.run(program, "init", folder / "site", *words, cwd=folder)
    assert made.returncode == 0, made.stderr
    file = folder / "site" / "config.toml"
    text = file.read_text("utf-8")
    text = text.replace('host_names = ["127.0.0.1"]', f'host_names = ["127.0.0.1", "{CONTROL}"]', 1)
    text = text.replace('["localhost", "127.0.0.1"]', f'["localhost", "127.0.0.1", "{DRIVERS}"]', 1)
    file.write_text(text, "utf-8")
    return file


def _here(text: str, folder: Path, port: int, https: int, http: int) -> str:
    """Put this test's ports and folders into the shipped file; all else stays."""
    for old, new in (
        ("listen 80", f"listen 127.0.0.1:{http}"),
        ("listen 443", f"listen 127.0.0.1:{https}"),
        ("127.0.0.1:8080", f"127.0.0.1:{port}"),
        ("127.0.0.1:8081", f"127.0.0.1:{port + 1}"),
        ("/etc/nginx/tls/", f"{folder}/"),
        ("/var/log/nginx/", f"{folder}/"),
        ("allow 10.0.0.0/8;", "allow 127.0.0.1/32;"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    return text


def _certificates(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CONTROL)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName(CONTROL), x509.DNSName(DRIVERS)])
    certificate = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    told = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for one in (CONTROL, DRIVERS):
        (folder / f"{one}.crt").write_bytes(told)
        (folder / f"{one}.key").write_bytes(secret)
    (folder / "ca.pem").write_bytes(told)


@pytest.fixture(scope="module", autouse=True)
def names_lead_here() -> Iterator[None]:
    monkeypatch = pytest.MonkeyPatch()
    ask: Callable[..., object] = socket.getaddrinfo

    def here(host: object, *more: object, **named: object) -> object:
        return ask("127.0.0.1" if str(host).endswith(".example.com") else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    yield
    monkeypatch.undo()


def test_a_person_signs_in_through_the_proxy_and_the_cookie_is_of_tls_only(way: Way) -> None:
    door = wheel.Door(way.url(CONTROL), way.ca)
    assert not door.lets_in("admin", "not the password")
    assert door.lets_in("admin", wheel.PASSWORD)
    page = requests.get(f"{way.url(CONTROL)}/sign-in", verify=way.ca, timeout=20)
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert all("Secure" in cookie for cookie in page.raw.headers.getlist("Set-Cookie"))


def test_the_overview_lives_through_the_proxy(way: Way) -> None:
    """Socket.IO, by websocket only, as the pages do: values come, and from our own pages only."""
    with wheel.signed_in(way.url(CONTROL), "admin", wheel.PASSWORD, way.ca) as browser:
        cookie = "; ".join(f"{one.name}={one.value}" for one in browser.cookies)
        assert _hears(way, cookie, way.url(CONTROL))
        assert not _hears(way, cookie, "https://elsewhere.example.com")
        assert not _hears(way, "", way.url(CONTROL))


def _hears(way: Way, cookie: str, origin: str) -> bool:
    context = ssl.create_default_context(cafile=way.ca)
    client = socketio.SimpleClient(websocket_extra_options={"sslopt": {"context": context}, "origin": origin})
    try:
        client.connect(way.url(CONTROL), headers={"Cookie": cookie}, transports=["websocket"], wait_timeout=10)
        client.emit("join")
        return bool(client.receive(timeout=10))
    except socketio.exceptions.SocketIOError:
        return False
    finally:
        client.disconnect()


def test_a_phone_and_a_notice_come_in_by_the_drivers_name(way: Way) -> None:
    assert requests.get(f"{way.url(DRIVERS)}/", verify=way.ca, timeout=20).status_code == 200
    notice = requests.post(f"{way.url(DRIVERS)}/wechat/notice/pay", data=b"{}", verify=way.ca, timeout=20)
    assert notice.status_code in (400, 401), "daozha answers, and believes nobody"
    large = requests.post(f"{way.url(DRIVERS)}/in", data=b"x" * 70_000, verify=way.ca, timeout=20)
    assert large.status_code == 413


def test_neither_name_leads_to_the_others_pages(way: Way) -> None:
    assert requests.get(f"{way.url(DRIVERS)}/sign-in", verify=way.ca, timeout=20).status_code == 404
    sent = requests.get(f"{way.url(CONTROL)}/wechat/notice/pay", verify=way.ca, timeout=20)
    assert sent.url == f"{way.url(CONTROL)}/sign-in"


def test_without_tls_one_is_sent_to_it_and_another_name_gets_nothing(way: Way) -> None:
    sent = requests.get(f"http://{CONTROL}:{way.http}/x?plate=1", timeout=10, allow_redirects=False)
    assert (sent.status_code, sent.headers["Location"]) == (308, f"https://{CONTROL}/x?plate=1")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://other.example.com:{way.https}/", verify=way.ca, timeout=10)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", way.https), 5) as line, pytest.raises(ssl.SSLError):
        old.wrap_socket(line, server_hostname=CONTROL)


def test_no_log_holds_a_query_or_a_drivers_path(way: Way) -> None:
    requests.get(f"{way.url(CONTROL)}/health?plate=ABC", verify=way.ca, timeout=20)
    requests.get(f"{way.url(DRIVERS)}/c/secret-token?x=ABC", verify=way.ca, timeout=20)
    logs = "".join((way.folder / f"daozha-{name}.log").read_text() for name in ("control", "drivers"))
    assert "/health" in logs
    assert "ABC" not in logs
    assert "secret-token" not in logs


def test_whoever_works_elsewhere_does_not_see_the_control_room(way: Way) -> None:
    text = (way.folder / "site.conf").read_text()
    closed = text.replace("allow 127.0.0.1/32;", "allow 10.99.0.0/16;")
    assert closed != text
    (way.folder / "site.conf").write_text(closed)
    pid = (way.folder / "pid").read_text().strip()
    subprocess.run(["kill", "-HUP", pid], check=True)
    for _ in range(50):
        status = requests.get(f"{way.url(CONTROL)}/sign-in", verify=way.ca, timeout=20).status_code
        if status == 403:
            break
        time.sleep(0.1)
    (way.folder / "site.conf").write_text(text)
    subprocess.run(["kill", "-HUP", pid], check=True)
    assert status == 403
