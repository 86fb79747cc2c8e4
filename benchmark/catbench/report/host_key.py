"""A host's signature of what he verified, by OpenSSH (`ssh-keygen -Y`), where a host wants one.

`report.verification.json` is believed by its place, unless this user names the keys of hosts: one a line in
`$CATBENCH_HOME/allowed_signers`, or that file in the platform's data folder (`man ssh-keygen`, ALLOWED
SIGNERS). Then only what one of them signed counts; the signature lies beside it, with `.sig` after its name.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from catbench.errors import UsageError
from catbench.files import atomic_file
from catbench.home import home

NAMESPACE = "catbench-verification"
"""What a signature is for: one that the key made for anything else is none."""
SECONDS = 60.0


def allowed_signers() -> Path | None:
    """Return the file with the keys of hosts, None where this user names none."""
    path = home().parent / "allowed_signers"
    return path if path.is_file() else None


def signature_path(verification: Path) -> Path:
    """Return where the signature of a verification lies."""
    return verification.with_name(f"{verification.name}.sig")


def sign(verification: Path, key: Path) -> Path:
    """Sign a verification with a private key (or the public key of one that an agent has); return where.

    Raises UsageError where that cannot be done.
    """
    if not key.is_file():
        raise UsageError(f"--sign {key}: no such key; ssh-keygen -t ed25519 -f {key} makes one")
    content = verification.read_bytes()
    done = _run(["-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE], content)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise UsageError(f"--sign {key}: {said or 'ssh-keygen made no signature'}")
    target = signature_path(verification)
    with atomic_file(target) as draft:
        draft.write_bytes(done.stdout)
    return target


def signer(verification: Path, content: bytes, allowed: Path) -> str:
    """Return which of the allowed signed this content of a verification, empty where none did.

    Raises UsageError where OpenSSH is not there.
    """
    signature = signature_path(verification)
    if not signature.is_file():
        return ""
    given = ["-s", str(signature), "-f", str(allowed), "-n", NAMESPACE]
    found = _run(["-Y", "find-principals", *given], b"")
    for name in dict.fromkeys(found.stdout.decode("utf-8", "replace").split()):
        if not _run(["-Y", "verify", "-q", "-I", name, *given], content).returncode:
            return name
    return ""


def _run(words: Sequence[str], content: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["ssh-keygen", *words], input=content, capture_output=True, check=False, timeout=SECONDS
        )
    except FileNotFoundError as error:
        raise UsageError(
            "ssh-keygen is not installed: signatures of hosts need OpenSSH 8.2 or newer"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            "ssh-keygen did not answer: does the key wait for a passphrase? Use an agent"
        ) from error
