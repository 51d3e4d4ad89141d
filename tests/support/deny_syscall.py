"""Runs a command in which one system call fails, as under a container's seccomp filter.

Usage: deny_syscall.py NAME ERRNO COMMAND...   where NAME is io_uring_setup, inotify_init1, bpf,
mount, seccomp, unshare, landlock_create_ruleset, or socket_inet6 for a kernel that was built
without IPv6.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

_NUMBERS = {"x86_64": {"bpf": 321, "inotify_init1": 294, "io_uring_setup": 425,
                       "landlock_create_ruleset": 444, "mount": 165, "seccomp": 317,
                       "socket": 41, "unshare": 272},
            "aarch64": {"bpf": 280, "inotify_init1": 26, "io_uring_setup": 425,
                        "landlock_create_ruleset": 444, "mount": 40, "seccomp": 277,
                        "socket": 198, "unshare": 97}}
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
_NUMBER_AT, _FIRST_ARGUMENT_AT = 0, 16  # Offsets in struct seccomp_data.
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER_MODE = 38, 22, 2


def _program(name: str, error: int) -> bytes:
    numbers = _NUMBERS[platform.machine()]
    if name == "socket_inet6":
        checks = [(_NUMBER_AT, numbers["socket"]), (_FIRST_ARGUMENT_AT, 10)]
    else:
        checks = [(_NUMBER_AT, numbers[name])]
    code = b""
    for index, (offset, value) in enumerate(checks):
        # A check that does not hold jumps to the last instruction, which allows.
        to_the_end = 2 * (len(checks) - index - 1) + 1
        code += struct.pack("<HBBI", _LOAD, 0, 0, offset)
        code += struct.pack("<HBBI", _JUMP_EQUAL, 0, to_the_end, value)
    code += struct.pack("<HBBI", _RETURN, 0, 0, _FAIL | error)
    return code + struct.pack("<HBBI", _RETURN, 0, 0, _ALLOW)


def main() -> None:
    name, error, *command = sys.argv[1:]
    code = _program(name, getattr(errno, error))
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    for option, *values in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
                            (_PR_SET_SECCOMP, _FILTER_MODE, header, 0, 0)):
        if libc.prctl(option, *values) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
