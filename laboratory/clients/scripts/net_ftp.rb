# Ruby's Net::FTP: host port way tls type file certificate
require 'net/ftp'
host, port, way, tls, type, file, certificate = ARGV
options = { port: Integer(port), username: 'tester', password: 'secret', debug_mode: true }
options[:passive] = %w[PASV EPSV].include?(way)
options[:ssl] = { ca_file: certificate } if tls != 'plain'
options[:implicit_ftps] = true if tls == 'implicit TLS'
Net::FTP.open(host, **options) do |ftp|
  type == 'I' ? ftp.putbinaryfile(file) : ftp.puttextfile(file)
  puts ftp.last_response
end
