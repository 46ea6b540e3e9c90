"""An engine of Java: its jars are fetched before it starts, and warm() makes the archive of its classes.

Happy path: warm() runs it once in a folder that is thrown away, asks it, and stops it, which writes the archive. How it fails: as engine.py
says; if a run wrote no archive, its log says why.
"""

import os
import tempfile

import ports
from engine import Engine, EngineError

RECORDING_STOP_S = 120  # it writes the archive then


class JavaEngine(Engine):
    jars = None
    record = None  # where a run that records writes the archive

    def fetch(self):
        self.jars.fetch()

    def configure(self):
        self.temporary = os.path.join(self.folder, "tmp")  # of native parts that are unpacked there
        os.makedirs(self.temporary, exist_ok=True)

    def warm(self):
        """False if there was nothing to do."""
        self.fetch()
        if self.jars.has_archive():
            return False
        with tempfile.TemporaryDirectory() as directory:
            run = self.another(directory, ports.Ports(directory))
            run.record, run.stop_s = os.path.join(directory, "classes.jsa"), RECORDING_STOP_S
            try:
                run.start()
                run.stop()
            finally:
                run.kill()
            if not os.path.exists(run.record):
                raise EngineError(f"{self.name}: no archive was made; {run.log_words()}")
            self.jars.keep_archive(run.record)
        return True

    def another(self, directory, ports_of):
        """Of its kind, in another directory."""
        return type(self)(directory, ports_of)
