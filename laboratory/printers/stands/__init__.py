"""
One stand for each transport: it starts the printer's side with a fault, gives the device URI, and
says what reached the printer.
"""
