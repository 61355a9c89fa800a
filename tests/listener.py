"""The listener for bounces, as a process that tests start and end."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from returning import DOMAIN

from dispatcher import config


@contextmanager
def listening(database: str, lmtp: int = 0) -> Iterator[tuple[int, int]]:
    """`dispatcher bounces listen`, a process of its own; its ports for SMTP and LMTP."""
    environment = {
        "PATH": os.environ["PATH"],
        "DISPATCHER_DATABASE_URL": database,
        "DISPATCHER_DATA_DIR": str(config.current().data_dir),
        "DISPATCHER_SECRET_KEY": config.current().secret_key,
        "DISPATCHER_BOUNCE_DOMAIN": DOMAIN,
    }
    command = [
        sys.executable,
        "-m",
        "dispatcher",
        "bounces",
        "listen",
        "--smtp",
        "127.0.0.1:0",
        "--lmtp",
        f"127.0.0.1:{lmtp}",
    ]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            ports = re.findall(r"127\.0\.0\.1:(\d+)", told)
            assert len(ports) == 2, told
            yield int(ports[0]), int(ports[1])
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
