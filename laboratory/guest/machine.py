"""
One run of the machine.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

MEMORY = 768
"""Mebibytes; 512 were enough (measured)."""


def run(kernel: Path, initramfs: bytes, directory: Path, seconds: float) -> bool:
    """
    Boot, and wait until the machine switches itself off.

    @param directory: for what comes out of it: C{printed/parallel}, the bytes of the parallel port;
        C{results}, what the program said; C{console}, the rest.
    @param seconds: after which it is switched off.
    @return: whether it ended by itself.
    """
    (directory / "printed").mkdir(exist_ok=True)
    (directory / "initramfs").write_bytes(initramfs)
    command = [
        "qemu-system-x86_64",
        *("-machine", "pc,accel=tcg", "-cpu", "max", "-m", str(MEMORY), "-smp", "1"),
        *("-no-reboot", "-nodefaults", "-nographic"),
        *("-serial", f"file:{directory}/console", "-serial", f"file:{directory}/results"),
        *("-parallel", f"file:{directory}/printed/parallel"),
        *("-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"),
        *(
            "-virtfs",
            f"local,path={directory}/printed,mount_tag=printed,security_model=none,readonly=on",
        ),
        *("-kernel", str(kernel), "-initrd", f"{directory}/initramfs"),
        *("-append", "console=ttyS0 quiet panic=-1"),
    ]
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, timeout=seconds, check=True)
    except subprocess.TimeoutExpired:
        return False
    return True
