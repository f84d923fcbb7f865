# Perl's Net::FTP, as scripts use it: host port way tls type file certificate
use strict;
use warnings;
use Net::FTP;
my ($host, $port, $way, $tls, $type, $file, $certificate) = @ARGV;
my %how = (Port => $port, Debug => 1, Timeout => 20, Passive => $way =~ /^PASV|EPSV$/ ? 1 : 0);
%how = (%how, SSL_ca_file => $certificate, SSL_verifycn_name => $host) if $tls ne 'plain';
%how = (%how, SSL => 1) if $tls eq 'implicit TLS';
my $ftp = Net::FTP->new($host, %how) or die "connect: $@";
if ($tls eq 'AUTH TLS') { $ftp->starttls or die 'starttls: ' . $ftp->message }
$ftp->login('tester', 'secret') or die 'login: ' . $ftp->message;
if ($type eq 'I') { $ftp->binary or die 'binary: ' . $ftp->message }
else { $ftp->ascii or die 'ascii: ' . $ftp->message }
$ftp->put($file) or die 'put: ' . $ftp->message;
print $ftp->message;
$ftp->quit or die 'quit: ' . $ftp->message;
