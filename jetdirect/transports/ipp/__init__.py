"""
C{ipp:} and C{ipps:}, printers and print servers that speak RFC 8010 and RFC 8011.
"""
