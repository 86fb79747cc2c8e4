"""A verification counts by a host's signature where this user names keys, and by its place where not."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from catbench.home import home
from catbench.report.host_key import signature_path
from catbench.report.submission_record import proofs, verification_path

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="OpenSSH is not installed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A host's key and a stranger's, by name."""
    place = tmp_path_factory.mktemp("keys")
    for name in ("host", "stranger"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "any", "-f", str(place / name)]
        subprocess.run(words, check=True)
    return place


@pytest.fixture
def signed(command, copied, simulated, keys):
    """Return what writes a verification signed with a key, and the path of its report."""

    def signed(key):
        words = ["--suite", simulated, "--sandbox", "none", "--rerun", "--record", "--sign", keys / key]
        done = command("verify", copied / "report.json", *words)
        assert done.code == 0, done.err
        return copied / "report.json"

    return signed


def allow(keys, *names, options=""):
    lines = [f"{name} {options} {(keys / f'{name}.pub').read_text()}" for name in names]
    home().parent.mkdir(parents=True, exist_ok=True)
    (home().parent / "allowed_signers").write_text("".join(lines))


def test_only_what_an_allowed_key_signed_counts_and_who_it_was_is_told(signed, keys):
    report = signed("host")
    claimed = proofs(report, None)
    assert (claimed.rerun.passed, claimed.by) == (True, "")
    allow(keys, "host")
    assert (proofs(report, None).rerun.passed, proofs(report, None).by) == (True, "host")
    allow(keys, "stranger")
    assert proofs(report, None).rerun is None
    signature_path(verification_path(report)).unlink()
    allow(keys, "host")
    assert proofs(report, None).rerun is None


def test_a_signed_folder_is_still_a_submission_that_runs_again(signed, command, simulated):
    report = signed("host")
    assert signature_path(verification_path(report)).is_file()
    done = command("verify", report, "--suite", simulated, "--sandbox", "none", "--rerun")
    assert (done.code, "identical" in done.out) == (0, True), done.err


def test_a_signature_is_of_one_content_and_one_purpose(signed, keys):
    report = signed("host")
    allow(keys, "host")
    path = verification_path(report)
    text = path.read_text()
    record = json.loads(text)
    record["rerun"]["largest_difference"] = 0.5
    path.write_text(json.dumps(record))
    assert proofs(report, None).rerun is None
    path.write_text(text)
    assert proofs(report, None).by == "host"
    words = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(keys / "host"), "-n", "git", str(path)]
    signature_path(path).unlink()
    subprocess.run(words, check=True, capture_output=True)
    assert signature_path(path).is_file()
    assert proofs(report, None).rerun is None


def test_a_key_that_may_sign_other_things_only_signs_no_verification(signed, keys):
    report = signed("host")
    allow(keys, "host", options='namespaces="git"')
    assert proofs(report, None).rerun is None


def test_a_signed_verification_is_of_its_report_alone(signed, keys):
    report = signed("host")
    allow(keys, "host")
    report.write_text(report.read_text() + " ")
    assert proofs(report, None).rerun is None


def test_a_new_verification_is_not_under_the_old_signature(signed, command, simulated, keys):
    report = signed("host")
    assert command("verify", report, "--suite", simulated, "--record").code == 0
    assert not signature_path(verification_path(report)).exists()


def test_a_key_that_is_none_is_told(command, copied, simulated, tmp_path):
    (tmp_path / "key").write_text("no key")
    for key, says in ((tmp_path / "gone", "no such key"), (tmp_path / "key", "--sign")):
        done = command("verify", copied / "report.json", "--suite", simulated, "--record", "--sign", key)
        assert (done.code, says in done.err) == (2, True), done.err
    assert command("verify", copied / "report.json", "--sign", tmp_path / "key").code == 2
