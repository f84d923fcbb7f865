"""Python's ftplib: host port way tls type file certificate."""

import ftplib
import os
import ssl
import sys

host, port, way, tls, kind, file, trusted = sys.argv[1:]


class Implicit(ftplib.FTP_TLS):
    """As programs do it: ftplib has no implicit TLS of its own."""

    def getresp(self) -> str:
        """Encrypt before the greeting is read."""
        if not isinstance(self.sock, ssl.SSLSocket):
            assert self.sock is not None
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)
            self.file = self.sock.makefile("r", encoding=self.encoding)
        return super().getresp()


context = ssl.create_default_context(cafile=trusted)
ftp = ftplib.FTP(timeout=20)
if tls == "AUTH TLS":
    ftp = ftplib.FTP_TLS(context=context, timeout=20)
elif tls == "implicit TLS":
    ftp = Implicit(context=context, timeout=20)
ftp.set_debuglevel(1)
ftp.connect(host, int(port))
ftp.login("tester", "secret")
if isinstance(ftp, ftplib.FTP_TLS):
    ftp.prot_p()
ftp.set_pasv(way in ("PASV", "EPSV"))
with open(file, "rb") as source:
    store = ftp.storbinary if kind == "I" else ftp.storlines
    print(store(f"STOR {os.path.basename(file)}", source))
ftp.quit()
