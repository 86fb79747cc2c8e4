"""A dataset hub on loopback: of its API what huggingface_hub speaks to list, fetch, commit and send LFS.

Repositories live in memory. `Faults` make it break off, lie or refuse; `asked` holds what came, in order.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_stand_in"
UNKNOWN_TOKEN = "Invalid credentials in Authorization header"


@dataclass
class Repository:
    """Commits, newest last, each with its files."""

    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, files, branch="main"):
        sha = hashlib.sha1(f"{len(self.commits)}{sorted(files)}".encode()).hexdigest()
        self.commits[sha] = dict(files)
        self.branches[branch] = sha
        return sha


@dataclass
class Faults:
    """What goes wrong."""

    cut: dict[str, int] = field(default_factory=dict)
    """File -> bytes after which its connection is broken, once."""
    stall: str = ""
    """A file that never comes."""
    sizes: dict[str, int] = field(default_factory=dict)
    """File -> what the listing and the headers claim."""
    refuse_upload: int = 0
    """Uploads from this one on (1 is the first) are refused; 0 = none."""


class Hub:
    """The state, and the requests that came: `METHOD path`, with ` range` where a part was asked for."""

    def __init__(self):
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}
        self.faults = Faults()
        self.uploads = itertools.count(1)
        self.asked: list[str] = []
        self.gated: set[str] = set()
        self.read_only: set[str] = set()
        self.url = ""

    def add(self, name, files, **given):
        """Put files (path -> bytes, or a folder) into a repository, and return the commit."""
        if not isinstance(files, dict):
            files = {
                path.relative_to(files).as_posix(): path.read_bytes()
                for path in files.rglob("*")
                if path.is_file()
            }
        return self.repositories.setdefault(name, Repository(**given)).commit(files)

    def times(self, method, file):
        """How often a file was asked for so."""
        pattern = re.compile(rf"{method} .*/{re.escape(file)}( range)?$")
        return sum(bool(pattern.match(line)) for line in self.asked)


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def answer(self, status=200, body=b"", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(data), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def refused(self, repository):
        """Answer and return True where this caller may not have the repository."""
        known = self.hub.repositories.get(repository)
        if self.headers.get("Authorization") and not self.has_token():
            self.answer(401, {"error": UNKNOWN_TOKEN}, X_Error_Message=UNKNOWN_TOKEN)
        elif repository in self.hub.read_only and self.command == "POST":
            self.answer(403, {"error": "You don't have the rights to do that"})
        elif repository in self.hub.gated and not self.has_token():
            self.answer(403, {"error": "gated"}, X_Error_Code="GatedRepo")
        elif known is None or (known.private and not self.has_token()):
            self.answer(401, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        else:
            return False
        return True

    def has_token(self):
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def handle_any(self):
        path = unquote(urlsplit(self.path).path)
        part = " range" if self.headers.get("Range") else ""
        self.hub.asked.append(f"{self.command} {path}{part}")
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        for method, pattern, do in ROUTES:
            if method == self.command.replace("HEAD", "GET") and (found := re.fullmatch(pattern, path)):
                return do(self, *found.groups())
        return self.answer(404, {"error": f"the stand-in has no {self.command} {path}"})

    do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815

    def info(self, repository, revision="main"):
        if self.refused(repository):
            return
        kept = self.hub.repositories[repository]
        sha = kept.branches.get(revision, revision)
        if sha not in kept.commits:
            self.answer(404, {"error": "Invalid rev id"}, X_Error_Code="RevisionNotFound")
            return
        siblings = [
            {"rfilename": name, "size": self.hub.faults.sizes.get(name, len(data)), "blobId": "0" * 40}
            for name, data in kept.commits[sha].items()
        ]
        self.answer(body={"id": repository, "sha": sha, "private": kept.private, "siblings": siblings})

    def resolve(self, repository, commit, name):
        if self.refused(repository):
            return
        data = self.hub.repositories[repository].commits.get(commit, {}).get(name)
        if data is None:
            self.answer(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound")
            return
        claimed = self.hub.faults.sizes.get(name, len(data))
        about = {"X_Repo_Commit": commit, "ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
        if self.command == "HEAD":
            self.answer(**about, X_Linked_Size=claimed)
            return
        if name == self.hub.faults.stall:
            time.sleep(60)
        start = int(re.match(r"bytes=(\d+)-", self.headers.get("Range") or "bytes=0-").group(1))
        cut = self.hub.faults.cut.pop(name, None)
        self.send_response(206 if self.headers.get("Range") else 200)
        for key, value in about.items():
            self.send_header(key.replace("_", "-"), value)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if claimed == len(data):
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:cut] if cut else data[start:])
        self.close_connection = bool(cut) or claimed != len(data)

    def create(self):
        asked = json.loads(self.body)
        name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
        if not self.has_token():
            self.answer(401, {"error": "Invalid username or password."})
        elif name in self.hub.repositories:
            self.answer(
                409, {"error": "You already created this repo", "url": f"{self.hub.url}/datasets/{name}"}
            )
        else:
            private = asked.get("visibility") == "private" or bool(asked.get("private"))
            self.hub.repositories[name] = Repository(private=private)
            self.answer(body={"url": f"{self.hub.url}/datasets/{name}", "name": name, "id": name})

    def preupload(self, repository, branch):
        if self.refused(repository):
            return
        files = json.loads(self.body)["files"]
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith((".parquet", ".npy", ".webp")) else "regular",
                "shouldIgnore": False,
            }
            for file in files
        ]
        self.answer(body={"files": modes})

    def batch(self, repository):
        objects = []
        for item in json.loads(self.body)["objects"]:
            known = item["oid"] in self.hub.large
            upload = {} if known else {"actions": {"upload": {"href": f"{self.hub.url}/lfs/{item['oid']}"}}}
            objects.append({"oid": item["oid"], "size": item["size"], **upload})
        self.answer(
            body={"transfer": "basic", "objects": objects}, Content_Type="application/vnd.git-lfs+json"
        )

    def upload(self, oid):
        came = next(self.hub.uploads)  # two come at once
        if self.hub.faults.refuse_upload and came >= self.hub.faults.refuse_upload:
            self.answer(400, {"error": "the upload broke off"})
        elif hashlib.sha256(self.body).hexdigest() != oid:
            self.answer(400, {"error": "other bytes than were announced"})
        else:
            self.hub.large[oid] = self.body
            self.answer()

    def commit(self, repository, branch):
        if self.refused(repository):
            return
        kept = self.hub.repositories[repository]
        files = dict(kept.commits.get(kept.branches.get(branch, ""), {}))
        for line in map(json.loads, self.body.decode().splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.large[value["oid"]]
        sha = kept.commit(files, branch)
        self.answer(
            body={
                "success": True,
                "commitOid": sha,
                "commitUrl": f"{self.hub.url}/datasets/{repository}/commit/{sha}",
            }
        )

    def valid(self):
        self.answer(body={"errors": [], "warnings": []})


NAME = r"([^/]+/[^/]+)"
ROUTES = [
    ("GET", rf"/api/datasets/{NAME}", Handler.info),
    ("GET", rf"/api/datasets/{NAME}/revision/(.+)", Handler.info),
    ("GET", rf"/datasets/{NAME}/resolve/([^/]+)/(.+)", Handler.resolve),
    ("POST", "/api/repos/create", Handler.create),
    ("POST", "/api/validate-yaml", Handler.valid),
    ("POST", rf"/api/datasets/{NAME}/preupload/(.+)", Handler.preupload),
    ("POST", rf"/datasets/{NAME}.git/info/lfs/objects/batch", Handler.batch),
    ("PUT", r"/lfs/([0-9a-f]{64})", Handler.upload),
    ("POST", rf"/api/datasets/{NAME}/commit/(.+)", Handler.commit),
]


@contextmanager
def serving():
    """Yield a hub that answers on a port of loopback until the block ends."""
    hub = Hub()
    handler = type("Serving", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda request, address: None  # who broke a connection off need not hear of it
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
