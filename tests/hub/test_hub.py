"""Suites go to a hub and come back: by commit, whole, within bounds, taken up after a break."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time

import pytest

from catbench import Report, evaluate, load
from catbench.errors import CatbenchError, install_line
from catbench.hub.address import Address
from catbench.hub.fetching import check_path
from catbench.score.bootstrap import Bootstrap
from catbench.suite.store import verify

NAME = "somebody/some-suite"
PAGE = "https://huggingface.co/datasets/a/b/blob/main/scores.parquet"


def simulated_files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def altered(folder, change):
    """Return a suite's files, its manifest changed."""
    files = simulated_files(folder)
    manifest = json.loads(files["manifest.json"])
    change(manifest)
    return {**files, "manifest.json": json.dumps(manifest).encode()}


def named(folder):
    return json.loads((folder / "manifest.json").read_text())["suite"]["id"]


def test_a_suite_that_is_pushed_comes_back_the_same(hub, catbench, logged_in, simulated, tmp_path):
    sent = catbench("push", simulated, NAME, environment=logged_in)
    assert sent.returncode == 0, sent.stderr
    commit = hub.repositories[NAME].branches["main"]
    assert commit in sent.stdout
    card = hub.repositories[NAME].commits[commit]["README.md"].decode()
    assert f"catbench pull {NAME} --out {named(simulated)}" in card
    croissant = json.loads(hub.repositories[NAME].commits[commit]["croissant.json"])
    assert croissant["url"] == f"{hub.url}/datasets/{NAME}"
    assert f"catbench evaluate ridge --suite hf://datasets/{NAME}@{commit}" in sent.stdout
    assert f"hf://datasets/{NAME}/scores.parquet" in card
    came = catbench("pull", NAME)
    assert came.returncode == 0, came.stderr
    assert f"commit {commit}" in came.stdout
    folder = tmp_path / "home" / "suites" / named(simulated)
    assert verify(folder).digest == load(simulated).digest
    assert json.loads((folder / "origin.json").read_text()) == {
        "repository": NAME,
        "revision": "main",
        "commit": commit,
    }
    assert not list(folder.glob(".*"))
    assert f"fetched     from {NAME}, commit {commit}" in catbench("verify", named(simulated)).stdout
    assert "is there already" in catbench("pull", NAME).stderr


def test_a_revision_is_the_commit_that_it_was(hub, catbench, simulated, tmp_path):
    first = hub.add(NAME, simulated)
    hub.add(NAME, {"README.md": b"the suite is gone"})
    assert "it has no manifest.json" in catbench("pull", NAME).stderr
    came = catbench("pull", f"{NAME}@{first}", "--out", tmp_path / "old")
    assert came.returncode == 0, came.stderr
    assert "no such revision" in catbench("pull", f"{NAME}@none", "--out", tmp_path / "none").stderr


def test_a_commit_that_is_kept_asks_no_hub(hub, catbench, simulated):
    commit = hub.add(NAME, simulated)
    assert catbench("verify", f"hf://datasets/{NAME}@{commit}").returncode == 0
    asked = len(hub.asked)
    assert catbench("verify", f"hf://datasets/{NAME}@{commit}").returncode == 0
    assert len(hub.asked) == asked


def test_a_fetch_that_stopped_before_it_said_where_from_is_made_again(hub, catbench, simulated, tmp_path):
    hub.add(NAME, simulated)
    assert catbench("verify", f"hf://datasets/{NAME}").returncode == 0
    (origin,) = tmp_path.rglob("origin.json")
    origin.unlink()
    again = catbench("verify", f"hf://datasets/{NAME}")
    assert again.returncode == 0, again.stderr
    assert origin.is_file()


def test_what_was_fetched_is_not_changed(hub, catbench, simulated, tmp_path):
    hub.add(NAME, simulated)
    assert catbench("verify", f"hf://datasets/{NAME}").returncode == 0
    (origin,) = tmp_path.rglob("origin.json")
    before = {path: path.read_bytes() for path in origin.parent.rglob("*") if path.is_file()}
    ran = catbench("features", f"hf://datasets/{NAME}", "--encoder", "minilm")
    assert ran.returncode == 2
    assert "is kept as it was fetched" in ran.stderr
    assert {path: path.read_bytes() for path in origin.parent.rglob("*") if path.is_file()} == before


def test_a_pulled_suite_has_its_descriptions_and_no_name_of_a_recipe_s(hub, catbench, simulated, tmp_path):
    hub.add(NAME, simulated)
    assert catbench("pull", NAME).returncode == 0
    folder = tmp_path / "home" / "suites" / named(simulated)
    assert (folder / "croissant.json").is_file()
    assert (folder / "README.md").is_file()
    other = shutil.copytree(simulated, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["suite"]["id"] = "cems"
    (other / "manifest.json").write_text(json.dumps(manifest))
    hub.add("a/other", other)
    refused = catbench("pull", "a/other")
    assert refused.returncode == 2
    assert "`catbench import cems` makes a suite of the name 'cems': give this one a folder" in refused.stderr


def test_a_suite_on_a_hub_can_be_named_wherever_a_suite_can(hub, catbench, simulated):
    hub.add(NAME, simulated)
    page = f"{hub.url}/datasets/{NAME}/tree/main"
    for verb in (["verify", page], ["evaluate", "mixture", "--suite", f"hf://datasets/{NAME}"]):
        ran = catbench(*verb)
        assert ran.returncode == 0, ran.stderr
    assert hub.times("GET", "scores.parquet") == 1  # the second time it was in the cache


def test_a_report_says_the_commit_that_its_suite_was_fetched_at(hub, catbench, simulated, tmp_path):
    commit = hub.add(NAME, simulated)
    address = f"hf://datasets/{NAME}@{commit}"
    words = ["evaluate", "mixture", "--suite", f"hf://datasets/{NAME}", "--json", "report.json"]
    ran = catbench(*words)
    assert ran.returncode == 0, ran.stderr
    assert address in ran.stdout
    assert Report.read(tmp_path / "report.json").fetched == {named(simulated): address}
    record = json.loads((tmp_path / "report.json").read_text())
    record["fetched"] = {named(simulated): f"{address}\x1b[2J"}
    (tmp_path / "hostile.json").write_text(json.dumps(record))
    with pytest.raises(CatbenchError, match="fetched"):
        Report.read(tmp_path / "hostile.json")
    refused = catbench("verify", "report.json")
    assert refused.returncode == 2
    assert f"give --suite {address}" in refused.stderr
    held = catbench("verify", "report.json", "--suite", address)
    assert held.returncode == 0, held.stderr
    assert catbench("pull", NAME).returncode == 0
    pulled = load(tmp_path / "home" / "suites" / named(simulated))
    assert evaluate("mixture", pulled, bootstrap=Bootstrap(0)).fetched == {named(simulated): address}
    other = tmp_path / "other.json"
    evaluate("mixture", load(simulated), bootstrap=Bootstrap(0)).save(other)
    assert "fetched" not in json.loads(other.read_text())


def test_a_connection_that_breaks_goes_on_where_it_was(hub, catbench, simulated, tmp_path):
    """The library writes by 10 MB, so that much of a file may come twice."""
    large = bytes(25_000_000)
    digest = hashlib.sha256(large).hexdigest()
    files = altered(simulated, lambda manifest: manifest["files"].update({"large.bin": digest}))
    hub.add(NAME, {**files, "large.bin": large})
    hub.faults.cut["large.bin"] = 15_000_000
    came = catbench("pull", NAME, "--out", tmp_path / "suite")
    assert came.returncode == 0, came.stderr
    assert [line for line in hub.asked if line.endswith("/large.bin range")]


def test_a_pull_that_is_killed_is_taken_up_and_leaves_nothing_half(
    hub, surroundings, catbench, simulated, tmp_path
):
    hub.add(NAME, simulated)
    hub.faults.stall = "scores.parquet"
    command = [sys.executable, "-c", "from catbench.cli import main; main()", "pull", NAME]
    with subprocess.Popen(command, env=surroundings, stderr=subprocess.DEVNULL) as process:
        while hub.times("GET", "scores.parquet") == 0 or hub.times("GET", "costs.parquet") == 0:
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)  # the other files come
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "home" / "suites").exists()
    hub.faults.stall = ""
    came = catbench("pull", NAME)
    assert came.returncode == 0, came.stderr
    assert hub.times("GET", "costs.parquet") == 1
    assert hub.times("GET", "scores.parquet") == 2


def test_a_push_that_breaks_off_is_taken_up(hub, catbench, logged_in, simulated):
    hub.faults.refuse_upload = 2
    broke = catbench("push", simulated, NAME, environment=logged_in)
    assert broke.returncode == 2
    assert broke.stderr.startswith(f"catbench: cannot write to hf://datasets/{NAME}@main: ")
    assert len(broke.stderr.splitlines()) == 1
    assert hub.repositories[NAME].commits == {}
    kept = dict(hub.large)
    assert kept
    hub.faults.refuse_upload, before = 0, len(hub.asked)
    assert catbench("push", simulated, NAME, environment=logged_in).returncode == 0
    again = [line for line in hub.asked[before:] if line.startswith("PUT")]
    assert not [line for line in again if line.rpartition("/")[2] in kept]


@pytest.mark.parametrize(
    "path",
    ["../out", "/etc/passwd", "a/../../b", ".hidden", "a/.git/config", "C:\\a", "a\\b", "a//b", "", "x\ny"],
)
def test_a_path_that_could_lead_out_is_refused(path):
    with pytest.raises(CatbenchError, match="is no path"):
        check_path(path)


@pytest.mark.parametrize("path", ["../out", "/etc/passwd"])
def test_a_manifest_with_such_a_path_is_refused_before_anything_else_is_fetched(
    path, hub, catbench, simulated, tmp_path
):
    files = altered(simulated, lambda manifest: manifest["files"].update({path: "0" * 64}))
    hub.add(NAME, {**files, path: b"harm"})
    came = catbench("pull", NAME)
    assert came.returncode == 2
    assert "is no path" in came.stderr
    assert hub.times("GET", "scores.parquet") == 0
    assert not (tmp_path / "home" / "suites").exists()


def test_what_is_not_what_the_manifest_says_is_refused(hub, catbench, simulated, tmp_path):
    hub.add(NAME, altered(simulated, lambda m: m["files"].update({"costs.parquet": "0" * 64})))
    assert "its SHA-256 differs" in catbench("pull", NAME).stderr
    hub.add(NAME, {"manifest.json": b"../target-of-a-link"})
    assert "cannot be read" in (said := catbench("pull", NAME).stderr) or "is it altered" in said
    hub.add(NAME, altered(simulated, lambda m: m["files"].update({"readme.MD": "0" * 64})))
    assert "stands outside" in catbench("pull", NAME).stderr
    assert not (tmp_path / "home" / "suites").exists()


def test_a_suite_larger_than_is_taken_is_refused_by_its_listing(hub, catbench, simulated):
    hub.add(NAME, simulated)
    hub.faults.sizes["scores.parquet"] = 5_000_000_000
    came = catbench("pull", NAME)
    assert "5.0 GB: at most 4.0 GB" in came.stderr
    assert hub.times("GET", "scores.parquet") == 0


def test_a_file_that_does_not_end_where_it_was_listed_is_cut_off(hub, catbench, simulated):
    hub.add(NAME, {**simulated_files(simulated), "scores.parquet": b"0" * 30_000_000})
    hub.faults.sizes["scores.parquet"] = 1_000_000
    came = catbench("pull", NAME)
    assert came.returncode == 2
    assert "more came than the 1,000,000 bytes" in came.stderr


def test_no_suite_takes_the_name_of_a_shipped_one(hub, catbench, simulated, tmp_path):
    def call_it_nano(manifest):
        manifest["suite"]["id"] = "nano"

    hub.add(NAME, altered(simulated, call_it_nano))
    for words in (
        ["pull", NAME],
        ["pull", NAME, "--out", tmp_path / "out"],
        ["verify", f"hf://datasets/{NAME}"],
    ):
        assert "calls itself 'nano'" in catbench(*words).stderr
    assert hub.times("GET", "scores.parquet") == 0


def test_nothing_is_sent_without_a_licence_or_a_word(hub, catbench, logged_in, simulated, tmp_path):
    folder = tmp_path / "unstated"
    for name, data in altered(simulated, lambda m: m["suite"].update(licence="none stated")).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    refused = catbench("push", folder, NAME, environment=logged_in)
    assert refused.returncode == 2
    assert "--i-have-the-right" in refused.stderr
    assert hub.asked == []
    assert "--licence" not in refused.stderr  # its maker has said that there is none
    sent = catbench("push", folder, NAME, "--i-have-the-right", environment=logged_in)
    assert sent.returncode == 0, sent.stderr


def test_a_table_of_one_s_own_is_sent_once_it_states_a_licence(hub, catbench, logged_in, tmp_path):
    rows = [(f"fox {n}", candidate, n / 40) for n in range(40) for candidate in ("small", "large")]
    (tmp_path / "scores.csv").write_text(
        "prompt,candidate,clip\n" + "".join(f"{text},{name},{score}\n" for text, name, score in rows)
    )
    (tmp_path / "costs.csv").write_text("candidate,unit,value\nsmall,seconds,1\nlarge,seconds,2\n")
    words = ["import", "table", "scores.csv", "--costs", "costs.csv", "--name", "mine"]
    made = catbench(*words, "--metric", "clip")
    assert made.returncode == 0, made.stderr
    refused = catbench("push", "mine", NAME, environment=logged_in)
    assert refused.returncode == 2
    assert "states no licence" in refused.stderr
    assert "import table ... --licence 'CC BY 4.0' --force` states one" in refused.stderr
    made = catbench(*words, "--metric", "clip", "--licence", "CC BY 4.0", "--force")
    assert made.returncode == 0, made.stderr
    sent = catbench("push", "mine", NAME, environment=logged_in)
    assert sent.returncode == 0, sent.stderr


def test_a_dry_run_says_what_would_be_sent_and_asks_nobody(hub, catbench, simulated):
    ran = catbench("push", simulated, NAME, "--dry-run")
    assert ran.returncode == 0, ran.stderr
    assert "scores.parquet" in ran.stdout
    assert "nothing is sent" in ran.stdout
    assert hub.asked == []


def test_a_dry_run_names_a_folder_of_many_files_once(hub, catbench):
    ran = catbench("push", "nano", NAME, "--dry-run")
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    (images,) = (line for line in lines if line.startswith("images/"))
    count = int(images.removeprefix("images/ (").removesuffix(" files)"))
    assert count > 100
    assert f"{count + len(lines) - 2} files, " in lines[-1]
    assert "scores.parquet" in lines


def test_private_is_private(hub, catbench, logged_in, simulated, tmp_path):
    assert catbench("push", simulated, NAME, "--private", environment=logged_in).returncode == 0
    assert hub.repositories[NAME].private
    assert "or it is private" in catbench("pull", NAME).stderr
    assert catbench("pull", NAME, "--out", tmp_path / "mine", environment=logged_in).returncode == 0


def test_without_a_token_nothing_is_written(hub, catbench, simulated):
    refused = catbench("push", simulated, NAME)
    assert refused.returncode == 2
    assert "hf auth login" in refused.stderr
    assert hub.repositories == {}


def test_a_gated_repository_says_so(hub, catbench, simulated):
    hub.add(NAME, simulated)
    hub.gated.add(NAME)
    refused = catbench("pull", NAME).stderr
    assert f"grants access on request: ask for it at {hub.url}/datasets/{NAME} (`hf auth login`" in refused


def test_a_token_that_is_refused_is_said_with_what_to_do(hub, catbench, logged_in, simulated):
    hub.add(NAME, simulated)
    expired = {**logged_in, "HF_TOKEN": "hf_expired"}
    for words in (["pull", NAME], ["push", simulated, NAME]):
        refused = catbench(*words, environment=expired)
        assert refused.returncode == 2
        assert "the hub does not know the token, or there is none (`hf auth login`" in refused.stderr
    hub.read_only.add(NAME)
    refused = catbench("push", simulated, NAME, environment=logged_in)
    assert refused.returncode == 2
    assert "the token does not allow that" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_no_connection_is_one_line(catbench, surroundings, simulated):
    nowhere = {**surroundings, "HF_ENDPOINT": "http://127.0.0.1:9"}
    ran = catbench("pull", NAME, environment=nowhere)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert "run again" in ran.stderr


@pytest.mark.parametrize(
    "text",
    ["nano", "a/b/c", "../x", "a/..", "a/b@", "a/b@../c", "https://example.org/a", "a/b c", PAGE, "x" + PAGE],
)
def test_what_names_no_repository_is_refused(text):
    with pytest.raises(CatbenchError, match="names no dataset repository"):
        Address.parse(text)


def test_an_address_is_read_in_all_spellings(monkeypatch):
    assert Address.parse("hf://datasets/a/b@v1") == Address.parse("a/b@v1") == Address("a/b", "v1")
    page = "https://huggingface.co/datasets/a/b"
    assert Address.parse(page) == Address.parse(f"{page}/?library=datasets") == Address("a/b")
    assert Address.parse(f"{page}/tree/v1") == Address.parse(f"{page}/commit/v1") == Address("a/b", "v1")
    assert Address.parse(f"{page}/tree/refs%2Fpr%2F1") == Address("a/b", "refs/pr/1")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1/")
    assert Address.parse("http://127.0.0.1:1/datasets/a/b/tree/v1") == Address("a/b", "v1")
    assert str(Address("a/b")) == "hf://datasets/a/b@main"


def test_without_the_library_the_extra_is_named(monkeypatch, command):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    ran = command("pull", NAME)
    assert ran.code == 2
    assert ran.err == (
        f"catbench pull: this needs huggingface_hub, which is not installed: {install_line('hub')}\n"
    )
