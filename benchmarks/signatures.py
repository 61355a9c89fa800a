"""What does a DKIM signature cost a copy, and what is left of the rate? Our signer, beside dkimpy and the bare signatures.

    python benchmarks/signatures.py [--seconds 2]

A message of 12 KB in two parts with the headers of list mail, as the sender prints it. Microseconds a copy, the best of five rounds,
all in one run; then what one process could sign a second if it did nothing else.
"""

import argparse
import time
from collections.abc import Callable

import dkim as dkimpy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dispatcher.delivery.dkim import SIGNED, Key, Signer, relaxed

ROUNDS = 5
HEAD = b"""From: MaineCare Services <notices@example.gov>
To: ann@example.com
Subject: Adopted: Chapter II, Section 80, Pharmacy Services
Date: Sat, 28 Nov 2026 10:00:00 +0000
Message-ID: <00ff00ff00ff00ff.4242@example.gov>
Reply-To: help@example.gov
List-Id: "Pharmacy" <pharmacy.lists.example.gov>
List-Unsubscribe: <https://notices.example.gov/u/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.abcdefgh>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
List-Help: <https://notices.example.gov/manage/>
Auto-Submitted: auto-generated
Precedence: bulk
X-Auto-Response-Suppress: OOF, AutoReply
Content-Language: en
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=-00ff00ff"

""".replace(b"\n", b"\r\n")
LINE = b"The Department adopts changes to Section 80, effective at once. =\r\n"
CONTENT = HEAD + LINE * (12_000 // len(LINE))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=2.0)
    seconds = parser.parse_args().seconds
    rsa = generate_private_key(65537, 2048)
    keys = Key("r1", rsa), Key("e1", Ed25519PrivateKey.generate())
    pem = rsa.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    body = CONTENT.partition(b"\r\n\r\n")[2]

    def by_dkimpy() -> object:
        return dkimpy.sign(CONTENT, b"r1", b"example.gov", pem, include_headers=list(SIGNED))

    contenders: dict[str, Callable[[], object]] = {
        "Ed25519": lambda: Signer("example.gov", keys[1:]).signed(CONTENT),
        "RSA 2048": lambda: Signer("example.gov", keys[:1]).signed(CONTENT),
        "both": lambda: Signer("example.gov", keys).signed(CONTENT),
        "the bare Ed25519 signature": lambda: keys[1].sign(HEAD),
        "the bare RSA signature": lambda: keys[0].sign(HEAD),
        "body, relaxed": lambda: relaxed(body),
        "dkimpy, RSA 2048": by_dkimpy,
    }
    for name, contender in contenders.items():
        each = best(contender, seconds / ROUNDS)
        print(f"{name:>28}: {each * 1_000_000:8.1f} µs, {1 / each:8,.0f} a second")  # noqa: T201 -- what a benchmark is for


def best(contender: Callable[[], object], seconds: float) -> float:
    """Seconds for one, in the best round."""
    rounds = []
    for _ in range(ROUNDS):
        began, count = time.process_time(), 0
        while time.process_time() - began < seconds:
            contender()
            count += 1
        rounds.append((time.process_time() - began) / count)
    return min(rounds)


if __name__ == "__main__":
    main()
