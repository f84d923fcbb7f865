"""
What the kernel starts with: busybox, the drivers, and C{init}; as a cpio archive (the format is in
the kernel's Documentation/driver-api/early-userspace/buffer-format.rst).
"""

from __future__ import annotations

import gzip
import lzma
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

DRIVERS = {
    # the host's file system
    "virtio_pci": "",
    "9pnet_virtio": "",
    "9p": "",
    # the parallel port
    "parport_pc": "",
    "lp": "",
    # USB printers: the driver, the host controllers, the printers
    "usblp": "",
    "dummy_hcd": "num=2",
    "usb_f_printer": "",
    "usb_f_fs": "",
    # a parallel port on USB, which USB/IP plugs in
    "vhci_hcd": "",
    "uss720": "",
}
"""The modules that the guest needs, each with its parameters; what they need comes by itself."""

_INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read module parameters; do insmod /modules/$module.ko $parameters; done < /modules/list
mount -t configfs configfs /sys/kernel/config
ip link set lo up
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro,cache=loose host /host
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro printed /printed
mount -t tmpfs tmpfs "/host$SCRATCH"
mkdir "/host$SCRATCH/printed"
mount --bind /printed "/host$SCRATCH/printed"
for place in dev proc sys; do mount --rbind /$place /host/$place; done
export HOME="$SCRATCH" TMPDIR="$SCRATCH" PYTHONDONTWRITEBYTECODE=1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
chroot /host /bin/sh -c 'cd "$CHECKOUT" && exec "$PYTHON" -m "$MODULE" > /dev/ttyS1'
sync
poweroff -f
"""


def build(root: Path, settings: Mapping[str, str]) -> bytes:
    """
    Pack the archive, compressed.

    @param root: where kernel and busybox were unpacked.
    @param settings: what C{init} knows as shell variables: C{SCRATCH}, an empty directory;
        C{CHECKOUT}; C{PYTHON}; C{MODULE}, what to run.
    """
    modules = {file.name.partition(".")[0].replace("-", "_"): file for file in root.rglob("*.ko*")}
    order = list(_withNeeded(DRIVERS, modules))
    variables = "".join(f"export {name}='{value}'\n" for name, value in settings.items())
    shebang, _, script = _INIT.partition("\n")
    files = {
        "init": (0o755, f"{shebang}\n{variables}{script}".encode()),
        "bin/busybox": (0o755, _busybox(root).read_bytes()),
        "modules/list": (0o644, "".join(f"{m} {DRIVERS.get(m, '')}\n" for m in order).encode()),
        **{f"modules/{name}.ko": (0o644, _module(modules[name])) for name in order},
    }
    folders = ["bin", "dev", "proc", "sys", "host", "printed", "modules"]
    entries = [_entry(folder, stat.S_IFDIR | 0o755, b"") for folder in folders]
    entries += [_entry(name, stat.S_IFREG | mode, data) for name, (mode, data) in files.items()]
    return gzip.compress(b"".join([*entries, _entry("TRAILER!!!", 0, b"")]), 1)


def _busybox(root: Path) -> Path:
    # Debian 13 has it below usr.
    return next(each for each in root.rglob("bin/busybox") if each.is_file())


def _withNeeded(wanted: Iterable[str], modules: Mapping[str, Path]) -> dict[str, None]:
    """The modules in an order in which each finds what it needs; those built in are left out."""
    order: dict[str, None] = {}
    for name in wanted:
        if name in modules and name not in order:
            found = re.search(rb"\0depends=([^\0]*)\0", _module(modules[name]))
            needed = found[1].decode().replace("-", "_").split(",") if found else []
            order |= _withNeeded(needed, modules)
            order[name] = None
    return order


def _module(file: Path) -> bytes:
    return lzma.decompress(file.read_bytes()) if file.suffix == ".xz" else file.read_bytes()


def _entry(name: str, mode: int, data: bytes) -> bytes:
    """One file in the format C{newc}."""
    named = name.encode() + b"\0"
    numbers = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(named), 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + named
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
