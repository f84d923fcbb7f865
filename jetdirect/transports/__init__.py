"""
The printers' side: one module or folder per device URI scheme, none knows another.

    - The kinds of printers: L{socket}, L{parallel}, L{serial}, and in folders of their own L{usb},
      L{lpd}, L{ipp}, L{file}.
    - What is put around any of them: L{dressing}, L{policy}, L{snmp}, and L{pjl} around a stream
      (L{wrapped} is what they have in common).
    - What several are made of: L{ending} (the states of a printer connection), L{dialogue} (TCP),
      L{descriptor}, L{driver}, L{threads} and L{backpressure} (devices), L{backchannel},
      L{ieee1284}.
    - L{build} makes a transport of a device URI, with all that is put around it, and L{shorthand}
      knows what people type instead of one; which schemes there are is a question of plugins
      (L{scheme}), those that are built in included.
"""
