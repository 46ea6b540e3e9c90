"""`./run` where it can not build: one line says why."""

import os
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOBODY = 65534


def run_as_nobody(directory):
    """Root may write everywhere: it becomes somebody else."""
    command = ["./run"] if os.getuid() else ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "./run"]
    return subprocess.run(command, cwd=directory, text=True, capture_output=True, timeout=60)


def test_who_may_not_write_the_checkout_is_told_so():
    with tempfile.TemporaryDirectory() as directory:
        for name in ("run", "tools/build", "tools/packages"):
            os.makedirs(os.path.dirname(os.path.join(directory, name)), exist_ok=True)
            shutil.copy(os.path.join(ROOT, name), os.path.join(directory, name))
        os.chmod(directory, 0o555)
        done = run_as_nobody(directory)
        os.chmod(directory, 0o755)
    assert done.returncode == 1 and done.stdout == ""
    line, = done.stderr.splitlines()
    assert line.startswith(f"cannot build here: {directory} belongs to ") and "clone of your own" in line
