<?php // PHP's ftp_*: host port way tls type file certificate (which it cannot check)
[, $host, $port, $way, $tls, $type, $file] = $argv;
$ftp = $tls == 'plain' ? ftp_connect($host, $port, 20) : ftp_ssl_connect($host, $port, 20);
$ftp or exit(2);
ftp_login($ftp, 'tester', 'secret') or exit(3);
ftp_pasv($ftp, in_array($way, ['PASV', 'EPSV'])) or exit(4);
ftp_put($ftp, basename($file), $file, $type == 'I' ? FTP_BINARY : FTP_ASCII) or exit(5);
ftp_close($ftp) or exit(6);
