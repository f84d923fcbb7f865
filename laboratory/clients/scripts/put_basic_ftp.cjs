// basic-ftp: host port way tls type file certificate
const fs = require('fs');
const path = require('path');
const ftp = require('basic-ftp');
const [host, port, way, tls, , file, trusted] = process.argv.slice(2);

async function put() {
    const client = new ftp.Client(20000);
    client.ftp.verbose = true;
    if (way === 'PASV') client.prepareTransfer = ftp.enterPassiveModeIPv4;
    await client.access({
        host, port: Number(port), user: 'tester', password: 'secret',
        secure: tls === 'plain' ? false : tls === 'AUTH TLS' ? true : 'implicit',
        secureOptions: { ca: fs.readFileSync(trusted) },
    });
    const reply = await client.uploadFrom(file, path.basename(file));
    console.log(reply.message);
    client.close();
}

put().catch((error) => { console.error(error); process.exit(1); });
