"""The service of docs/export.md, run as it stands there."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from .conftest import TEXTS

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
FENCE = re.compile(r"^```\n(import json.*?ThreadingHTTPServer.*?)^```", re.MULTILINE | re.DOTALL)


def asked(port, texts):
    """Return what the service answers, once it listens."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}", json.dumps(texts).encode())
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with suppress(ConnectionError, urllib.error.URLError), urllib.request.urlopen(request, timeout=60) as answer:
            return answer.headers["Content-Type"], json.load(answer)
        time.sleep(0.1)
    raise AssertionError("the service did not answer")


def test_the_service_of_the_page_answers_as_the_model_does(exported, learnt, tmp_path):
    folder, _ = exported("classification")
    (source,) = FENCE.findall(PAGE.read_text(encoding="utf-8"))
    assert source.count("8000") == 1
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "serve.py").write_text(source.replace("8000", str(port)), encoding="utf-8")
    (tmp_path / "exported").mkdir()
    (tmp_path / "exported" / "sentiment").symlink_to(folder)
    with (tmp_path / "log").open("w") as log:
        service = subprocess.Popen([sys.executable, "serve.py"], cwd=tmp_path, stdout=log, stderr=log)
    try:
        texts = [*TEXTS[:3], ""]
        kind, answers = asked(port, texts)
    finally:
        service.kill()
        service.wait()
    assert kind == "application/json"
    assert answers.pop() is None
    expected = learnt.predict(texts[:3], show=False).frame
    assert [answer["label"] for answer in answers] == expected["label"].tolist()
