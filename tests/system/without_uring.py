"""Runs a command where io_uring is forbidden, as containers have it: `without_uring.py COMMAND ...`.

Happy path: a filter answers io_uring_setup with EPERM, and the command takes this process over. How it fails: a system without filters.
"""

import ctypes
import os
import struct
import sys

SETUP, EPERM = 425, 1
NO_NEW_PRIVILEGES, SET_FILTER, FILTER = 38, 22, 2
INSTRUCTIONS = (
    struct.pack("HBBI", 0x20, 0, 0, 0),  # load the number of the call
    struct.pack("HBBI", 0x15, 0, 1, SETUP),  # another one: skip the next
    struct.pack("HBBI", 0x06, 0, 0, 0x00050000 | EPERM),  # fails with it
    struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000),  # is allowed
)


def forbid():
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(b"".join(INSTRUCTIONS))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(INSTRUCTIONS), ctypes.addressof(code)))
    assert libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
    assert libc.prctl(SET_FILTER, FILTER, program, 0, 0) == 0, os.strerror(ctypes.get_errno())


if __name__ == "__main__":
    forbid()
    os.execv(sys.argv[1], sys.argv[1:])
