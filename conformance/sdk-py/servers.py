"""Starts the real binary: `hearth serve` for a database, `hearth rest` in PostgREST's place on it."""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def binary() -> str:
    if "HEARTH_BIN" in os.environ:
        return os.environ["HEARTH_BIN"]
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    built = [target / profile / "hearth" for profile in ("release", "debug")]
    built = [file for file in built if file.exists()]
    return str(max(built, key=lambda file: file.stat().st_mtime))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until_answered(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer\n{log.read_text()}")


class Servers:
    """A database with `sql` in it, and the instant API alone on it."""

    def __init__(self, sql: str) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="hearth-py-")
        # PostgreSQL runs as another user where the tests run as root.
        os.chmod(self.folder.name, 0o755)
        self.processes: list[subprocess.Popen] = []
        self.data = str(Path(self.folder.name) / "data")
        port = free_port()
        serve = ["serve", "--data-dir", self.data, "--host", "127.0.0.1", "--port", str(port)]
        self.start(serve, f"http://127.0.0.1:{port}/readyz", {})
        self.status = json.loads(self.command("status", "-o", "json"))
        self.command("sql", "-c", sql)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        variables = {
            "PGRST_DB_URI": self.status["DB_URL"],
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_JWT_SECRET": self.status["JWT_SECRET"],
            "PGRST_SERVER_HOST": "127.0.0.1",
            "PGRST_SERVER_PORT": str(port),
        }
        self.start(["rest"], self.url, variables)

    def start(self, arguments: list[str], url: str, variables: dict[str, str]) -> None:
        log = Path(self.folder.name) / f"{arguments[0]}.log"
        process = subprocess.Popen(
            [binary(), *arguments],
            env={**os.environ, **variables},
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
        )
        self.processes.append(process)
        until_answered(url, process, log)

    def command(self, name: str, *arguments: str) -> str:
        command = [binary(), name, "--data-dir", self.data, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait(timeout=60)
        self.folder.cleanup()
