"""
A machine with a parallel port and USB printers, in software: C{python -m laboratory.guest}.

QEMU boots Debian's kernel, whose own drivers (C{lp}, C{usblp}) then drive an emulated parallel port
and printers that exist as USB gadgets on a dummy controller.  The file system is that of the host,
read-only, so that the gateway and its tests run unchanged.  Neither root nor KVM is needed.

L{laboratory.guest.packages} fetches kernel and busybox, L{laboratory.guest.initramfs} packs what
the kernel starts with, L{laboratory.guest.machine} runs it; L{laboratory.guest.gadget} plays the
printers and L{laboratory.guest.checks} prints on them, inside.
"""
