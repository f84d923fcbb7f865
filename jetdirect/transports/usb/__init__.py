"""
C{usb:}, printers on Linux's usblp driver.
"""
