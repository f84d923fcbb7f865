"""
The printers' side: one module per device URI scheme, none knows another.

L{jetdirect.transports.uri} reads the URIs; which schemes there are is a question of plugins
(L{IPrinterScheme<jetdirect.interfaces.IPrinterScheme>}), the built-in ones included.
"""
