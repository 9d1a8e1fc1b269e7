"""A small stand-in of the model hub on 127.0.0.1: what `huggingface_hub` asks of it, and no more."""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SHA = "a" * 40


class Hub(ThreadingHTTPServer):
    """Serves the folder ``models[name]`` as the model ``name``; other names are not found, gated or failing."""

    daemon_threads = True

    def __init__(self, models: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models = models
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def sha(self, name: str) -> str:
        """Return the newest commit of a model."""
        return SHA

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        name = next((name for name in self.server.models if re.search(rf"/{name}(/|$)", path)), None)
        if "failing" in path:
            self._answer(500, b"{}")
        elif "gated" in path:
            self._answer(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "gated"})
        elif name is None:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "no such repo"})
        elif path.startswith("/api/"):
            self._describe(name, self.server.models[name], path)
        else:
            self._file(name, self.server.models[name] / re.split(r"/resolve/[^/]+/", path)[-1])

    def _describe(self, name: str, folder: Path, path: str) -> None:
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        if "/tree/" in path:
            rows = [{"type": "file", "path": str(f.relative_to(folder)), "size": f.stat().st_size, "oid": _digest(f)}
                    for f in files]  # fmt: skip
            self._answer(200, json.dumps(rows).encode())
        else:
            known = {"id": name, "modelId": name, "sha": SHA, "private": False, "tags": [], "downloads": 0,
                     "siblings": [{"rfilename": str(file.relative_to(folder))} for file in files]}  # fmt: skip
            self._answer(200, json.dumps(known).encode())

    def _file(self, name: str, file: Path) -> None:
        if not file.is_file():
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.server.sha(name)})
            return
        known = {"ETag": f'"{_digest(file)}"', "X-Repo-Commit": self.server.sha(name)}
        self._answer(200, file.read_bytes(), known)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _digest(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()
