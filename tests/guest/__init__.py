"""
A machine with a parallel port and USB printers, in software: C{python -m tests.guest}.

QEMU boots Debian's kernel, whose own drivers (C{lp}, C{usblp}) then drive an emulated parallel port
and printers that exist as USB gadgets on a dummy controller.  The file system is that of the host,
read-only, so that the gateway and its tests run unchanged.  Neither root nor KVM is needed.

L{tests.guest.packages} fetches kernel and busybox, L{tests.guest.initramfs} packs what the kernel
starts with, L{tests.guest.machine} runs it; L{tests.guest.gadget} plays the printers and
L{tests.guest.checks} prints on them, inside.
"""
