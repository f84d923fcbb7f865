"""
The printers' side: one module per device URI scheme, none knows another.

    - The kinds of printers: L{socket}, L{parallel}, L{usb}, L{serial}, L{lpd}, L{ipp}, L{file}.
      What they are made of: L{usblp}; L{lpdclient}, L{lpdstream}, L{lpdspool}; L{ippclient},
      L{ippjob}, L{tlstrust}, L{httpclient}; L{existing}, L{appended}, L{fifo}.
    - Protocols in bytes, without I/O: L{rfc1179} (LPD), L{rfc8010} and L{rfc8011} (IPP), L{http},
      L{ber} (SNMP), L{ieee1284} (status lines, device IDs).
    - What is put around any of them (L{wrapped}): L{dressing}, L{policy}, L{snmp}, and PJL
      (L{pjljob}, L{pjlquestion}, L{pjlbrackets}, L{pjltalk}, L{pjlcodes}).
    - What several use: L{dialer}, L{dialogue}, L{backchannel}, L{backpressure}, L{descriptor}.
    - L{uri} and L{shorthand} read what the operator writes; which schemes there are is a question
      of plugins (L{scheme}), those that are built in included.
"""
