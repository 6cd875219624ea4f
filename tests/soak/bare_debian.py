"""From nothing to a checked site: docs/install/industrial-pc.md as it stands, `python -m tests.soak.bare_debian`.

Makes a Debian by debootstrap in a folder of its own, runs the page's blocks in it, starts the site by its unit's
ExecStart line as its user (a chroot has no systemd to do it), signs in over HTTP, checks, backs up, and takes all away.
Needs root, debootstrap, unshare, ip, systemd-analyze, and the network for packages.
"""

import argparse
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.support import wheel
from tests.support.house import ROOT

PAGE = ROOT / "docs" / "install" / "industrial-pc.md"
UNITS = ("daozha.service", "daozha-backup.service", "daozha-backup.timer")
NEEDED = ("debootstrap", "chroot", "mount", "umount", "unshare", "ip", "systemd-analyze")
_BLOCK = re.compile(r"^```sh ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HOME = "/srv/dist"
Told = Callable[[str], None]


class Failed(Exception):
    """A step did not do what the page says."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it all. 0: signed in and checked; 1: something was not so; 2: this machine lacks something."""
    parser = argparse.ArgumentParser(prog="bare_debian", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--keep", action="store_true", help="leave the folder there, to look into it")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.inside is not None:
        try:
            return _inside(asked.inside)
        except Failed as error:
            sys.stderr.write(f"{error}\n")
            return 1
    missing = [name for name in NEEDED if not _program(name)]
    if missing or os.geteuid() != 0:
        sys.stderr.write(f"missing here: {', '.join(missing + (['root'] if os.geteuid() else []))}\n")
        return 2
    began, steps = time.monotonic(), dict[str, float]()

    def told(step: str) -> None:
        steps[step] = round(time.monotonic() - began - sum(steps.values()), 1)
        sys.stderr.write(f"{step}: {steps[step]} s\n")

    folder = Path(mkdtemp(prefix="bare-debian-"))
    try:
        _all(folder, asked.suite, told)
    except Failed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        if not asked.keep:
            shutil.rmtree(folder)
    sys.stdout.write(json.dumps({"seconds": round(time.monotonic() - began), "steps": steps}) + "\n")
    return 0


def _program(name: str) -> str:
    """Find a program of this machine; empty where there is none."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or ""


def _all(folder: Path, suite: str, told: Told) -> None:
    built = wheel.build(folder / "dist")
    for name in ("requirements.txt", "requirements-postgres.txt"):
        shutil.copy(ROOT / name, folder / "dist")
    told("wheel")
    bare = folder / "debian"
    mirror = _mirror(suite)
    _run(["debootstrap", "--variant=minbase", "--include=systemd,ca-certificates", suite, str(bare), mirror], 600)
    told("debootstrap")
    for name in ("/etc/resolv.conf", "/etc/hosts"):
        shutil.copy(name, bare / name[1:])
    shutil.copytree(folder / "dist", bare / _HOME[1:])
    with ExitStack() as stack:
        stack.enter_context(_mounted(bare))
        blocks = dict(_BLOCK.findall(PAGE.read_text(encoding="utf-8")))
        if built.name not in blocks["install"]:
            raise Failed(f"{PAGE.name} names another wheel than {built.name}")
        _in(bare, blocks["install"], _pips(bare), 900)
        told("packages and wheel")
        if (said := _in(bare, "daozha --help", {}, 60)).count("daozha") == 0:
            raise Failed(said)
        inside = ["unshare", "--net", sys.executable, "-m", "tests.soak.bare_debian", "--inside", str(bare)]
        (bare / "srv" / "blocks.json").write_text(json.dumps(blocks))
        _run(inside, 300, cwd=ROOT)
        told("set up, started, signed in, checked")


def _inside(bare: Path) -> int:
    """In a network of its own, where every port is free: set up, run as the unit says, sign in, check."""
    _run(["ip", "link", "set", "lo", "up"], 10)
    blocks = json.loads((bare / "srv" / "blocks.json").read_text())
    said = _in(bare, blocks["init"], {}, 200, f"{wheel.PASSWORD}\n{wheel.PASSWORD}\n")
    if "config.toml: good" not in said:
        raise Failed(f"init does not end in a good check:\n{said}")
    _in(bare, blocks["units"], {}, 30)
    _units_are_good(bare)
    command, user = _unit(bare)
    owner = _owner(bare, user)
    process = subprocess.Popen(
        [_program("chroot"), f"--userspec={owner[0]}:{owner[1]}", str(bare), *command],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": owner[2], "LANG": "C.UTF-8"},
        stdout=(bare / "srv" / "site.log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        _use(bare, blocks["online"], process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return 0


def _use(bare: Path, online: str, process: "subprocess.Popen[bytes]") -> None:
    doors = [wheel.Door(f"http://127.0.0.1:{port}") for port in (8080, 8081, 8082)]
    until = time.monotonic() + 120
    while not all(door.answers() for door in doors):
        if process.poll() is not None or time.monotonic() > until:
            log = (bare / "srv" / "site.log").read_text("utf-8", "replace")
            raise Failed(f"the site did not come up:\n{log[-3000:]}")
        time.sleep(0.3)
    if doors[0].lets_in("admin", "not the password") or not doors[0].lets_in("admin", wheel.PASSWORD):
        raise Failed("the administrator of init is not the one who signs in")
    said = _in(bare, online, {}, 60)
    if "config.toml: good" not in said or "a picture of" not in said:
        raise Failed(f"check --online:\n{said}")
    backed = 'su daozha -s /bin/sh -c "daozha backup --config /etc/daozha/config.toml && '
    backed += 'daozha backup verify --config /etc/daozha/config.toml"'
    if "whole, as of" not in (said := _in(bare, backed, {}, 120)):
        raise Failed(f"backup:\n{said}")


def _units_are_good(bare: Path) -> None:
    for name in UNITS:
        done = subprocess.run(
            ["systemd-analyze", f"--root={bare}", "verify", "--man=no", str(bare / "etc/systemd/system" / name)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        ours = [line for line in done.stderr.splitlines() if "daozha" in line]
        if ours:
            raise Failed("\n".join(ours))


def _unit(bare: Path) -> tuple[list[str], str]:
    text = (bare / "etc/systemd/system/daozha.service").read_text()
    found = dict(re.findall(r"(?m)^(ExecStart|User)=(.*)$", text))
    return found["ExecStart"].split(), found["User"]


def _owner(bare: Path, user: str) -> tuple[int, int, str]:
    for line in (bare / "etc/passwd").read_text().splitlines():
        one = pwd.struct_passwd((*(fields := line.split(":"))[:2], int(fields[2]), int(fields[3]), *fields[4:]))
        if one.pw_name == user:
            return one.pw_uid, one.pw_gid, one.pw_dir
    raise Failed(f"there is no user {user}")


def _mirror(suite: str) -> str:
    """Take the mirror from this machine's own configuration of apt."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {suite}"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.split()
    if not found:
        raise Failed(f"apt of this machine knows no {suite}")
    return found[0]


def _pips(bare: Path) -> dict[str, str]:
    """Give pip the index that it has here, by environment alone; its certificates are laid down beside."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, timeout=60, check=False
    ).stdout
    found = dict[str, str]()
    for line in told.splitlines():
        name, _, value = line.partition("=")
        key, text = name.rpartition(".")[2], value.strip("'\"")
        if key in ("index-url", "extra-index-url", "default-timeout"):
            found[f"PIP_{key.upper().replace('-', '_')}"] = text
        elif key == "cert":
            found["PIP_CERT"] = "/tmp/ca.pem"  # noqa: S108 - in the bare Debian
            shutil.copy(text, bare / "tmp" / "ca.pem")
            (bare / "tmp" / "ca.pem").chmod(0o644)
    return found


@contextmanager
def _mounted(bare: Path) -> Iterator[None]:
    """Give programs in there what every machine has: processes and devices."""
    with ExitStack() as stack:
        for kind, place in (("proc", "proc"), ("sysfs", "sys")):
            _run(["mount", "-t", kind, kind, str(bare / place)], 10)
            stack.callback(_run, ["umount", str(bare / place)], 10)
        for place in ("null", "zero", "random", "urandom", "full", "tty"):
            (bare / "dev" / place).touch()
            _run(["mount", "--bind", f"/dev/{place}", str(bare / "dev" / place)], 10)
            stack.callback(_run, ["umount", str(bare / "dev" / place)], 10)
        (bare / "dev" / "shm").mkdir(exist_ok=True)
        _run(["mount", "-t", "tmpfs", "-o", "size=512m,mode=1777", "tmpfs", str(bare / "dev" / "shm")], 10)
        stack.callback(_run, ["umount", "--lazy", str(bare / "dev" / "shm")], 10)
        yield


def _in(bare: Path, block: str, more: Mapping[str, str], limit_s: float, said: str = "") -> str:
    """Run a block of the page as root in there, line by line as it stands; any line that fails ends it."""
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    environment |= {"LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **more}
    command = ["chroot", str(bare), "sh", "-e", "-c", f"cd {_HOME}\n{block}"]
    return _run(command, limit_s, env=environment, input=said)


def _run(command: Sequence[str], limit_s: float, **how: object) -> str:
    try:
        done = subprocess.run(  # type: ignore[call-overload]
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit_s, check=False, **how
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(command)[:200]}: not done within {limit_s:g} s") from error
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)[:200]}: ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return str(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
