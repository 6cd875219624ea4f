"""A real directory on loopback: Debian's slapd in a folder of its own, with certificates of an authority of its own."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scada.settings.identity import Ldap
from scada.sim.trial.ports import free_ports

BASE = "dc=park,dc=test"
PEOPLE, GROUPS = f"ou=people,{BASE}", f"ou=groups,{BASE}"
PASSWORD = "the boom goes up at noon"
WITHIN_S = 20.0
ODD = "o'brien, anna (x)*+"
"""A name that must be escaped, in a DN and in a filter."""
ROLES = {"parking-admins": "administrator", f"cn=parking-operators, {GROUPS}": "operator"}
_ADMIN = "the directory's own"
_SCHEMAS = Path("/etc/ldap/schema")


@dataclass
class Slapd:
    """A running directory; `tls_port` speaks ldaps, `port` begins in plain and takes StartTLS."""

    folder: Path
    port: int = 0
    tls_port: int = 0
    ca_file: Path = field(init=False)

    def settings(self, **more: object) -> Ldap:
        """Give the settings of a site that signs people in here."""
        told: dict[str, object] = {
            "url": f"ldaps://localhost:{self.tls_port}",
            "user": f"uid={{name}},{PEOPLE}",
            "groups_base": GROUPS,
            "roles": ROLES,
            "within_s": 4.0,
        }
        return Ldap.model_validate({**told, **more})

    def modify(self, ldif: str) -> None:
        """Change something with the directory's own tools."""
        command = ["ldapmodify", "-x", "-H", f"ldap://127.0.0.1:{self.port}", "-D", f"cn=admin,{BASE}", "-w", _ADMIN]
        subprocess.run(command, input=ldif, text=True, check=True, capture_output=True, timeout=WITHIN_S)

    def add_person(self, name: str) -> None:
        """Add a person who is an operator of the car park."""
        dn = f"uid={name},{PEOPLE}"
        self.modify(_person(name).strip().replace("\n", "\nchangetype: add\n", 1) + "\n")
        with suppress(subprocess.CalledProcessError):  # the directory keeps the name in the group
            self.modify(f"dn: cn=parking-operators,{GROUPS}\nchangetype: modify\nadd: member\nmember: {dn}\n")


@contextmanager
def slapd(folder: Path) -> Iterator[Slapd]:
    """Run a directory with some people and groups in it."""
    program = shutil.which("slapd") or "/usr/sbin/slapd"
    assert Path(program).exists(), "install Debian's slapd and ldap-utils"
    there = Slapd(folder)
    there.ca_file = certificates(folder)
    (folder / "data").mkdir()
    (folder / "slapd.conf").write_text(_conf(folder), encoding="utf-8")
    _add(program, folder)
    there.port, there.tls_port = free_ports(2)
    urls = f"ldap://127.0.0.1:{there.port} ldaps://127.0.0.1:{there.tls_port}"
    command = [program, "-f", str(folder / "slapd.conf"), "-h", urls, "-d", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _answers(there.port, process)
        yield there
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(WITHIN_S)
        process.kill()
        process.wait()


def _answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + WITHIN_S
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        assert process.poll() is None, f"slapd ended with {process.returncode}"
        assert time.monotonic() < end, "slapd does not answer"
        time.sleep(0.05)


def _conf(folder: Path) -> str:
    schemas = "\n".join(f"include {_SCHEMAS / name}.schema" for name in ("core", "cosine", "inetorgperson", "nis"))
    module = next(Path("/usr/lib/ldap").glob("back_mdb*"), None)
    modules = "modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload memberof" if module else ""
    return f"""{schemas}
pidfile {folder / "slapd.pid"}
{modules}
TLSCACertificateFile {folder / "ca.pem"}
TLSCertificateFile {folder / "server.pem"}
TLSCertificateKeyFile {folder / "server.key"}
database mdb
suffix "{BASE}"
rootdn "cn=admin,{BASE}"
rootpw "{_ADMIN}"
directory {folder / "data"}
maxsize 10485760
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
"""


def _person(uid: str, rdn: str = "") -> str:
    return f"""
dn: uid={rdn or uid},{PEOPLE}
objectClass: inetOrgPerson
uid: {uid}
cn: {uid}
sn: {uid}
mail: {uid.split(",")[0].replace("'", "")}@park.test
userPassword: {PASSWORD}
"""


def _group(name: str, *members: str) -> str:
    lines = "\n".join(f"member: {member}" for member in members)
    return f"\ndn: cn={name},{GROUPS}\nobjectClass: groupOfNames\ncn: {name}\n{lines}\n"


def _add(program: str, folder: Path) -> None:
    escaped = r"o'brien\, anna (x)*\+"
    own = {name: f"uid={name},{PEOPLE}" for name in ("chen", "wu", "guest", "zhao")}
    odd = f"uid={escaped},{PEOPLE}"
    ldif = f"""dn: {BASE}
objectClass: dcObject
objectClass: organization
o: park
dc: park

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups
"""
    ldif += "".join(_person(name) for name in own) + _person(ODD, escaped)
    ldif += _group("parking-operators", own["chen"], own["wu"], odd) + _group("parking-admins", own["wu"])
    ldif += _group("kitchen", own["guest"])
    ldif += f"\ndn: ou=elsewhere,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n"
    ldif += f"ref: ldap://198.51.100.7/ou=elsewhere,{BASE}\n"
    command = [program, "-T", "add", "-f", str(folder / "slapd.conf")]
    subprocess.run(command, input=ldif, text=True, check=True, capture_output=True, timeout=WITHIN_S)


def certificates(folder: Path, names: tuple[str, ...] = ("localhost",)) -> Path:
    """Write an authority, and a server's certificate for these names; give the authority's file."""
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of a test")])
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    now = datetime.now(UTC)

    def built(subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )

    hosts = [x509.DNSName(name) for name in names] + [x509.IPAddress(ip_address("127.0.0.1"))]
    ca = built(ca_name, authority, is_ca=True).sign(authority, hashes.SHA256())
    own = built(own_name, server, is_ca=False).add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    pem = serialization.Encoding.PEM
    files: Mapping[str, bytes] = {
        "ca.pem": ca.public_bytes(pem),
        "server.pem": own.sign(authority, hashes.SHA256()).public_bytes(pem),
        "server.key": server.private_bytes(
            pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder / "ca.pem"
