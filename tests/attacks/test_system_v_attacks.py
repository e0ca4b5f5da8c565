"""Shared memory, queues and semaphores of System V: they have numbers instead of places."""

import ctypes
import os

import boxes
from filtering import try_call
from leaving_out import NEWIPC, no_probe, python, shared

_KEY = 0x52464E43
_ANYBODY = 0o666
_MAKE = 0o1000
_REMOVE = 0
_LOOK = f"""
shmget, shmat, semget, msgget = (29, 30, 64, 68) if os.uname().machine == "x86_64" else (194, 196, 190, 186)
memory = call(shmget, {_KEY}, 4096, 0)
where = call(shmat, memory, 0, 0o10000) if memory >= 0 else 0
print(ctypes.string_at(where, 5).decode() if where > 0 else memory, call(semget, {_KEY}, 1, 0) >= 0,
      call(msgget, {_KEY}, 0) >= 0, len(open("/proc/sysvipc/shm").readlines()) - 1)
"""


def test_nothing_of_system_v_outside_is_found_and_in_a_shared_namespace_it_is() -> None:
    memory = try_call("shmget", _KEY, 4096, _MAKE | _ANYBODY)
    semaphore = try_call("semget", _KEY, 1, _MAKE | _ANYBODY)
    queue = try_call("msgget", _KEY, _MAKE | _ANYBODY)
    try:
        at = try_call("shmat", memory, 0, 0)
        ctypes.memmove(at, b"token", 5)
        users = ["ordinary", "root"] if os.geteuid() == 0 else ["ordinary"]
        held = [boxes.run(python(_LOOK), user=user).stdout for user in users]
        assert held == [b"-2 False False 0\n"] * len(users)
        found = boxes.run(python(_LOOK), user="ordinary", without=(shared(NEWIPC), no_probe)).stdout
        assert found.startswith(b"token True True ")
        assert try_call("shmdt", at) == 0
    finally:
        removed = [
            try_call("shmctl", memory, _REMOVE),
            try_call("semctl", semaphore, 0, _REMOVE),
            try_call("msgctl", queue, _REMOVE),
        ]
    assert removed == [0, 0, 0]
