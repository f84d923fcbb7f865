import java.io.FileInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.apache.commons.net.PrintCommandListener;
import org.apache.commons.net.ftp.FTP;
import org.apache.commons.net.ftp.FTPClient;
import org.apache.commons.net.ftp.FTPSClient;
import org.apache.commons.net.util.TrustManagerUtils;

/** commons-net, as Java programs use it: host port way tls type file certificate. */
public class Put {
    public static void main(String[] words) throws Exception {
        String way = words[2];
        String tls = words[3];
        boolean binary = words[4].equals("I");
        FTPClient ftp = new FTPClient();
        if (!tls.equals("plain")) {
            FTPSClient secure = new FTPSClient(tls.equals("implicit TLS"));
            secure.setTrustManager(TrustManagerUtils.getAcceptAllTrustManager());
            ftp = secure;
        }
        ftp.addProtocolCommandListener(new PrintCommandListener(new PrintWriter(System.out, true)));
        ftp.setConnectTimeout(20000);
        ftp.connect(words[0], Integer.parseInt(words[1]));
        if (ftp instanceof FTPSClient) {
            ((FTPSClient) ftp).execPBSZ(0);
            ((FTPSClient) ftp).execPROT("P");
        }
        if (!ftp.login("tester", "secret")) System.exit(3);
        ftp.getSystemType();
        if (way.equals("PASV") || way.equals("EPSV")) ftp.enterLocalPassiveMode();
        ftp.setUseEPSVwithIPv4(way.equals("EPSV"));
        if (!ftp.setFileType(binary ? FTP.BINARY_FILE_TYPE : FTP.ASCII_FILE_TYPE)) System.exit(4);
        Path file = Path.of(words[5]);
        try (InputStream source = new FileInputStream(file.toFile())) {
            if (!ftp.storeFile(file.getFileName().toString(), source)) System.exit(5);
        }
        if (!ftp.logout()) System.exit(6);
        ftp.disconnect();
    }
}
