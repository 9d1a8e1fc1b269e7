"""A JupyterLab of our own on this machine: no token, no news, nothing fetched, its files and settings in one folder."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests import forks

_WAIT = 300

_PROGRAM = "from tests import forks; forks.start_kernels(); from jupyterlab.labapp import main; main()"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """JupyterLab and Notebook 7, of one process that is started here and ended here."""

    def __init__(self, folder, notebooks):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = folder / "server.log"
        places = {
            name: folder / name.lower()
            for name in (
                "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR",
                "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR",
            )
        }  # fmt: skip
        quiet = {"@jupyterlab/apputils-extension:announcements": True, "@jupyterlab/extensionmanager-extension": True}
        page = places["JUPYTER_CONFIG_DIR"] / "labconfig" / "page_config.json"
        page.parent.mkdir(parents=True)
        page.write_text(json.dumps({"disabledExtensions": quiet, "buildCheck": False, "buildAvailable": False}))
        env = {**os.environ, **{name: str(place) for name, place in places.items()}}
        env |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "BERTMAGIC_HOME": "", forks.ADDRESS: forks.address()}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), env.get("PYTHONPATH")]))
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-c", _PROGRAM, "--no-browser", "--allow-root",
                    "--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True",
                    f"--ServerApp.root_dir={notebooks}", "--ServerApp.ip=127.0.0.1",
                    f"--ServerApp.port={self.url.rpartition(':')[2]}", "--ServerApp.port_retries=0",
                    "--IdentityProvider.token=", "--LabApp.extension_manager=readonly", "--LabApp.news_url=",
                ],
                stdout=log, stderr=log, env=env, cwd=notebooks,
            )  # fmt: skip

    def wait(self):
        """Wait until it answers."""
        until = time.monotonic() + _WAIT
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/api", timeout=5).close()
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"JupyterLab does not answer:\n{self.log.read_text()[-2000:]}")

    def close(self):
        """End it, and the kernels that it started."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
