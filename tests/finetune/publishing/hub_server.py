"""A small hub on this machine: what its client needs to make a repository and to commit to it."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["READER", "WRITER", "LocalHub", "running_hub"]

WRITER = "hf_writes"
READER = "hf_reads"
"""Tokens that it knows; the second may not make repositories."""

_MODEL = re.compile(r"/api/models/([^/]+/[^/]+)(?:/(preupload|commit)/main)?")
_LARGE = re.compile(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch")


@dataclass(kw_only=True)
class LocalHub:
    """`repositories` has the files of each, `commits` their messages.

    Files with an ending in `large` have to be uploaded before they are committed. All requests are
    answered with `broken` if it is not 0.
    """

    address: str = ""
    large: tuple[str, ...] = ()
    broken: int = 0
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commits: list[tuple[str, str]] = field(default_factory=list)
    private: set[str] = field(default_factory=set)
    uploads: dict[str, bytes] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    hub: LocalHub

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        content = self._body()
        oid = self.path.rpartition("/")[2]
        assert hashlib.sha256(content).hexdigest() == oid
        self.hub.uploads[oid] = content
        self._answer(200, {})

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _answer(self, status: int, content: Any, **headers: str) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _handle(self) -> None:
        body = self._body()
        path = self.path.partition("?")[0]
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.hub.broken:
            self._answer(self.hub.broken, {"error": f"I am broken, {token}."})
        elif token not in (WRITER, READER):
            quoted = "Invalid credentials in Authorization header"
            self._answer(401, {"error": f"{quoted}: {token}"}, X_Error_Message=quoted)
        elif path == "/api/repos/create":
            self._create(json.loads(body), may=token == WRITER)
        elif path == "/api/validate-yaml":
            self._answer(200, {"errors": [], "warnings": []})
        elif found := _LARGE.fullmatch(path):
            self._batch(json.loads(body))
        elif found := _MODEL.fullmatch(path):
            self._model(found[1], found[2], body)
        else:
            self._answer(404, {"error": f"{path} is nothing"})

    def _create(self, wish: dict[str, Any], *, may: bool) -> None:
        name = f"{wish['organization']}/{wish['name']}"
        if not may:
            self._answer(403, {"error": "You may not."})
            return
        there = name in self.hub.repositories
        if not there:
            self.hub.repositories[name] = {".gitattributes": b""}
            if wish.get("visibility") == "private":
                self.hub.private.add(name)
        self._answer(409 if there else 200, {"url": f"{self.hub.address}/{name}"})

    def _model(self, name: str, verb: str | None, body: bytes) -> None:
        files = self.hub.repositories.get(name)
        if files is None:
            self._answer(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        elif verb is None:
            siblings = [{"rfilename": path} for path in files]
            self._answer(200, {"id": name, "siblings": siblings})
        elif verb == "preupload":
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(self.hub.large) else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            self._answer(200, {"files": modes})
        else:
            self._commit(name, files, [json.loads(line) for line in body.splitlines()])

    def _batch(self, wish: dict[str, Any]) -> None:
        objects = [
            {**each, "actions": {"upload": {"href": f"{self.hub.address}/lfs/{each['oid']}"}}}
            for each in wish["objects"]
        ]
        self._answer(200, {"transfer": "basic", "objects": objects})

    def _commit(self, name: str, files: dict[str, bytes], operations: list[dict[str, Any]]) -> None:
        for operation in operations:
            value = operation["value"]
            if operation["key"] == "header":
                self.hub.commits.append((name, value["summary"]))
            elif operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.hub.uploads[value["oid"]]
            else:
                assert operation["key"] == "deletedFile"
                del files[value["path"]]
        oid = f"{len(self.hub.commits):040x}"
        self._answer(
            200, {"commitUrl": f"{self.hub.address}/{name}/commit/{oid}", "commitOid": oid}
        )


@contextmanager
def running_hub(**details: Any) -> Iterator[LocalHub]:
    """A hub that answers until the end of the block."""
    hub = LocalHub(**details)
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
