"""The stand-in of the hub, which also takes uploads: repositories are folders; large files wait for a commit."""

import base64
import hashlib
import json

from .hub import Hub, _Handler


class UploadHub(Hub):
    """Takes models of one owner with one token.

    Attributes
    ----------
    large
        The large files that have arrived, by their SHA-256; ``arrived`` lists them in order.
    breaks
        ``"file"`` or ``"commit"``: what fails from now on.
    """

    owner, token = "mara", "hf_right"

    def __init__(self, root):
        super().__init__({})
        self.RequestHandlerClass = _Uploads
        self.root, self.private = root, {}
        self.large, self.arrived, self.commits, self.breaks = {}, [], [], ""

    def sha(self, name):
        """Return a commit that changes with the files: the client keeps those of a commit for ever."""
        files = sorted(file for file in self.models[name].rglob("*") if file.is_file())
        return hashlib.sha1(b"".join(file.name.encode() + file.read_bytes() for file in files)).hexdigest()


class _Uploads(_Handler):
    def do_GET(self):
        if "/api/models/" in self.path and self._refused():
            return
        super().do_GET()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        if path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if self._refused():
            return None
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if "/preupload/" in path:
            files = json.loads(body)["files"]
            modes = {one["path"]: "lfs" if one["path"].endswith(".safetensors") else "regular" for one in files}
            known = {"shouldIgnore": False, "oid": None}
            return self._json({"files": [{"path": path, "uploadMode": mode, **known} for path, mode in modes.items()]})
        if path.endswith("/info/lfs/objects/batch"):
            return self._json({"transfer": "basic", "objects": [*map(self._object, json.loads(body)["objects"])]})
        return self._commit(path, [json.loads(line) for line in body.splitlines()])

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.breaks == "file":
            return self._answer(500, b"{}")
        digest = hashlib.sha256(body).hexdigest()
        assert self.path == f"/large/{digest}"
        self.server.large[digest] = body
        self.server.arrived.append(digest)
        return self._answer(200, b"")

    def _refused(self):
        if self.headers.get("Authorization") == f"Bearer {self.server.token}":
            return False
        self._answer(401, b'{"error": "Invalid credentials"}')
        return True

    def _create(self, asked):
        if (asked.get("organization") or self.server.owner) != self.server.owner:
            return self._answer(403, b'{"error": "Forbidden"}')
        name = f"{self.server.owner}/{asked['name']}"
        self.server.models[name] = self.server.root / name
        self.server.models[name].mkdir(parents=True)
        self.server.private[name] = asked.get("private", asked.get("visibility") == "private")
        return self._json({"url": f"{self.server.url}/{name}", "name": name, "id": name})

    def _describe(self, name, folder, path):
        if "/tree/" in path:
            return super()._describe(name, folder, path)
        files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
        known = {
            "id": name,
            "modelId": name,
            "sha": self.server.sha(name),
            "private": self.server.private[name],
            "tags": [],
        }
        return self._json(known | {"downloads": 0, "siblings": [{"rfilename": file} for file in files]})

    def _object(self, asked):
        known = {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] in self.server.large:
            return known
        return known | {"actions": {"upload": {"href": f"{self.server.url}/large/{asked['oid']}", "header": {}}}}

    def _commit(self, path, lines):
        if self.server.breaks == "commit":
            return self._answer(503, b'{"error": "try later"}')
        name = "/".join(path.split("/")[3:5])
        folder = self.server.models[name]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                (folder / value["path"]).write_bytes(base64.b64decode(value["content"]))
            elif line["key"] == "lfsFile":
                (folder / value["path"]).write_bytes(self.server.large[value["oid"]])
            elif line["key"] == "deletedFile":
                (folder / value["path"]).unlink()
        self.server.commits.append([line["value"].get("path") for line in lines if line["key"] != "header"])
        sha = self.server.sha(name)
        return self._json({"success": True, "commitOid": sha, "commitUrl": f"{self.server.url}/{name}/commit/{sha}"})

    def _json(self, value):
        return self._answer(200, json.dumps(value).encode())
