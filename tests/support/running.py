"""`wring run` in a host."""

import os
import signal
import subprocess
import tempfile
from typing import Mapping, Optional

from .daemon import program
from .netns import Host
from .waiting import eventually


class Run:
    """`wring run` with these words. The constructor returns when it says that it is up; as a
    context manager it ends it by SIGTERM and expects status 0."""

    def __init__(self, host: Host, *words: str, env: Optional[Mapping[str, str]] = None,
                 wait: bool = True, text: str = ""):
        self.host = host
        self._log = tempfile.TemporaryFile()
        # Not for the programs that lead into the host, which are looked for on PATH as well.
        variables = [f"{name}={value}" for name, value in (env or {}).items()]
        self.process = host.popen("env", *variables, program(), "run", *words,
                                  stdin=subprocess.PIPE, stdout=self._log,
                                  stderr=subprocess.STDOUT)
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.close()
        if wait:
            eventually(self._is_up, "wring run is up", 20.0)

    def _is_up(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log()}")
        return " is up\n" in self.log()

    def log(self) -> str:
        """All that it and its engine have written so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        self.process.send_signal(signal_number)
        return self.await_end()

    def await_end(self) -> int:
        return self.process.wait(10.0)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind, *_) -> None:
        print(f"--- {self.host.name}: wring run\n{self.log()}")
        try:
            if self.process.poll() is None:
                status = self.stop()
                assert kind is not None or status == 0, self.log()
        finally:
            self._log.close()
