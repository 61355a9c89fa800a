"""A real Postfix of its own, in a temporary folder, on loopback: it takes our mail, delivers it or not, and reports as Postfix reports.

It needs Debian's postfix and root, as Postfix does; the machine's own instance, if there is one, is not touched.
"""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Self

from supervised import eventually

_MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example.gov
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
smtpd_recipient_restrictions = permit_mynetworks, reject
# It takes mail for whomever, and finds out later: that is when reports are made.
smtpd_reject_unlisted_recipient = no
smtp_tls_security_level = none
smtpd_tls_security_level = none
# People of example.com have mailboxes; everything for the bounce domain lies in one folder.
virtual_mailbox_domains = example.com, bounces.example.gov
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{ {{ ann@example.com = ann }}, {{ full@example.com = full }}, {{ @bounces.example.gov = returned/ }} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = 300000
virtual_mailbox_limit = 300000
# Nobody listens there, so mail for it waits.
transport_maps = inline:{{ {{ slow.example = smtp:[127.0.0.1]:1 }} {returns} }}
delay_warning_time = 1s
# Not sooner: what its look at the queue meets while it is still being put there, it leaves for long.
queue_run_delay = 4s
minimal_backoff_time = 2s
maximal_backoff_time = 3s
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str:
    """Why there can be none here; empty if there can."""
    if os.geteuid() != 0:
        return "Postfix must be started by root"
    return "" if shutil.which("postfix") else "no Postfix: apt-get install postfix"


class Postfix:
    """Runs while entered. `lmtp`: the port to which it hands what comes back; without one it lies in `returned`."""

    def __init__(self, home: Path, lmtp: int | None = None) -> None:
        self.home = home
        self._returns = f"{{ bounces.example.gov = lmtp:inet:127.0.0.1:{lmtp} }}" if lmtp else ""
        self.port = _free_port()

    def __enter__(self) -> Self:
        self._write()
        command = ["postfix", "-c", str(self.home / "config"), "start-fg"]
        self._output = (self.home / "output").open("w")
        self._process = subprocess.Popen(command, stdout=self._output, stderr=subprocess.STDOUT)
        if not eventually(lambda: _answers(self.port), 30):
            self.__exit__()
            raise AssertionError(self.told())
        return self

    def __exit__(self, *_: object) -> None:
        stop = ["postfix", "-c", str(self.home / "config"), "stop"]
        subprocess.run(stop, check=False, capture_output=True, timeout=30)
        self._process.wait(30)
        self._output.close()

    @property
    def returned(self) -> list[Path]:
        """What has come back to the bounce domain, the oldest first."""
        return sorted(
            (self.home / "mail" / "returned" / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns
        )

    def told(self) -> str:
        """Its log, for whoever wonders."""
        logs = (self.home / "output", self.home / "log")
        return "\n".join(file.read_text(errors="replace") for file in logs if file.exists())

    def _write(self) -> None:
        config, mail = self.home / "config", self.home / "mail"
        for folder in (config, mail, self.home / "queue", self.home / "data"):
            folder.mkdir()
        self.home.chmod(0o755)  # the account that mailboxes are written by must get through
        uid, gid = _nobody()
        shutil.chown(mail, uid, gid)
        shutil.chown(self.home / "data", "postfix")
        full = mail / "full"
        full.write_bytes(b"From somebody\n\n" + b"x\n" * 149_000)
        shutil.chown(full, uid, gid)
        values = {"home": self.home, "uid": uid, "gid": gid, "port": self.port, "returns": self._returns}
        (config / "main.cf").write_text(_MAIN.format(**values))
        (config / "master.cf").write_text(_MASTER.format(**values))


def _nobody() -> tuple[int, int]:
    found = pwd.getpwnam("nobody")
    return found.pw_uid, found.pw_gid


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as client:
            return client.recv(3) == b"220"
    except OSError:
        return False
