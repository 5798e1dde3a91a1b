package yinzheng;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.ofdrw.gm.ses.v4.SESeal;
import org.ofdrw.layout.OFDDoc;
import org.ofdrw.layout.element.Paragraph;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.ExtendSignatureContainer;
import org.ofdrw.sign.OFDSigner;
import org.ofdrw.sign.SignMode;
import org.ofdrw.sign.signContainer.GBT35275DSContainer;
import org.ofdrw.sign.signContainer.SESV4Container;
import org.ofdrw.sign.stamppos.NormalStampPos;
import org.ofdrw.sign.stamppos.RidingStampPos;
import org.ofdrw.sign.stamppos.StampAppearance;

/**
 * OFDs made and signed by ofdrw alone: one argument, a folder with seal.esl, seal.crt (DER) and seal.key (PKCS#8).
 *
 * <p>Writes plain.ofd, sealed.ofd (others may sign after it), whole.ofd (nobody may), twice.ofd, riding.ofd (over its
 * pages), and bare.ofd with a signature of GB/T 35275 in place of a seal.
 */
public final class Signs {
  private static final int PAGES = 3;

  private final Path folder;
  private final PrivateKey key;
  private final Certificate certificate;
  private final SESeal seal;

  private Signs(Path folder) throws Exception {
    this.folder = folder;
    BouncyCastleProvider provider = new BouncyCastleProvider();
    Security.addProvider(provider);
    PKCS8EncodedKeySpec pkcs8 = new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve("seal.key")));
    key = KeyFactory.getInstance("EC", provider).generatePrivate(pkcs8);
    try (InputStream der = Files.newInputStream(folder.resolve("seal.crt"))) {
      certificate = CertificateFactory.getInstance("X.509", provider).generateCertificate(der);
    }
    seal = SESeal.getInstance(Files.readAllBytes(folder.resolve("seal.esl")));
  }

  public static void main(String[] arguments) throws Exception {
    new Signs(Path.of(arguments[0])).make();
  }

  private void make() throws Exception {
    try (OFDDoc document = new OFDDoc(folder.resolve("plain.ofd"))) {
      for (int line = 0; line < PAGES * 60; line++) {
        document.add(new Paragraph("第 " + line + " 行").setFontSize(4d));
      }
    }
    StampAppearance place = new NormalStampPos(1, 50, 50, 40, 40);
    sign("plain", "sealed", SignMode.ContinueSign, sealing(), place);
    sign("plain", "whole", SignMode.WholeProtected, sealing(), place);
    sign("sealed", "twice", SignMode.ContinueSign, sealing(), new NormalStampPos(1, 120, 50, 40, 40));
    sign("plain", "riding", SignMode.ContinueSign, sealing(), new RidingStampPos(40, 40));
    sign("plain", "bare", SignMode.ContinueSign, new GBT35275DSContainer(certificate, key), null);
  }

  private SESV4Container sealing() {
    return new SESV4Container(key, seal, certificate);
  }

  private void sign(
      String from, String to, SignMode mode, ExtendSignatureContainer container, StampAppearance place)
      throws Exception {
    try (OFDReader reader = new OFDReader(folder.resolve(from + ".ofd"));
        OFDSigner signer = new OFDSigner(reader, folder.resolve(to + ".ofd"))) {
      signer.setSignMode(mode);
      signer.setSignContainer(container);
      if (place != null) {
        signer.addApPos(place);
      }
      signer.exeSign();
    }
  }
}
