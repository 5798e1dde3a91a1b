package yinzheng;

import java.io.ByteArrayInputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Security;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1Object;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1UTCTime;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.ofdrw.core.signatures.SigType;
import org.ofdrw.gm.ses.parse.SESVersion;
import org.ofdrw.gm.ses.parse.VersionParser;
import org.ofdrw.gm.ses.v1.SES_ESPictrueInfo;
import org.ofdrw.gm.ses.v1.SES_Header;
import org.ofdrw.gm.ses.v1.SES_SignInfo;
import org.ofdrw.gm.ses.v4.CertDigestList;
import org.ofdrw.gm.ses.v4.CertDigestObj;
import org.ofdrw.gm.ses.v4.CertInfoList;
import org.ofdrw.gm.ses.v4.SES_CertList;
import org.ofdrw.gm.ses.v4.SES_ESPropertyInfo;
import org.ofdrw.gm.ses.v4.SES_SealInfo;
import org.ofdrw.gm.ses.v4.SES_Signature;
import org.ofdrw.gm.ses.v4.SESeal;
import org.ofdrw.gm.ses.v4.TBS_Sign;
import org.ofdrw.sign.signContainer.SESV1Container;
import org.ofdrw.sign.signContainer.SESV4Container;
import org.ofdrw.sign.verify.container.SESV4ValidateContainer;

/**
 * Seals made by ofdrw, and what it and Bouncy Castle think of ours.
 *
 * <p>make FOLDER : reads maker.key, maker.cer, signer.key, signer.cer, picture.png and original there (keys as PKCS#8,
 * certificates as DER) and writes v4.esl, v4.dat, v4-digests.dat, v4-stamped.dat, v1.esl, v1.dat; judge ORIGINAL FILE... :
 * a line for each seal signature, "good FILE CODE PROPERTY EXTENSIONS" or "bad FILE: reason".
 */
public final class Seals {
  private static final String PLACE = "/Doc_0/Signs/Sign_0/Signature.xml";
  private static final String CODE = "11990000000001";
  private static final long DAY = 86_400_000L;

  private final Path folder;
  private final Date now = new Date();

  private Seals(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] arguments) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    List<String> rest = List.of(arguments).subList(1, arguments.length);
    switch (arguments[0]) {
      case "make" -> new Seals(Path.of(rest.get(0))).make();
      case "judge" -> judge(rest, new PrintStream(System.out, true, StandardCharsets.UTF_8));
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private void make() throws Exception {
    CertInfoList certificates = new CertInfoList().add(new DEROctetString(bytes("signer.cer")));
    SESeal seal = seal(SES_ESPropertyInfo.CertListType, new SES_CertList(certificates));
    write("v4.esl", seal);
    sign("v4.dat", new SESV4Container(key("signer.key"), seal, certificate("signer.cer")));
    SESV4Container stamped = new SESV4Container(key("signer.key"), seal, certificate("signer.cer"));
    stamped.setTimestampHook(signature -> "a token".getBytes(StandardCharsets.US_ASCII));
    sign("v4-stamped.dat", stamped);
    CertDigestObj digest = new CertDigestObj().setType("SM3").setValue(sm3(bytes("signer.cer")));
    SESeal other = seal(SES_ESPropertyInfo.CertDigestListType, new SES_CertList(new CertDigestList().add(digest)));
    sign("v4-digests.dat", new SESV4Container(key("signer.key"), other, certificate("signer.cer")));
    org.ofdrw.gm.ses.v1.SESeal old = oldSeal();
    write("v1.esl", old);
    sign("v1.dat", new SESV1Container(key("signer.key"), old, certificate("signer.cer")));
  }

  private SESeal seal(ASN1Integer listKind, SES_CertList list) throws Exception {
    SES_ESPropertyInfo property =
        new SES_ESPropertyInfo()
            .setType(new ASN1Integer(1))
            .setName(new DERUTF8String("示例市行政审批局"))
            .setCertListType(listKind)
            .setCertList(list)
            .setCreateDate(new ASN1GeneralizedTime(new Date(now.getTime() - DAY)))
            .setValidStart(new ASN1GeneralizedTime(new Date(now.getTime() - DAY)))
            .setValidEnd(new ASN1GeneralizedTime(new Date(now.getTime() + DAY)));
    SES_SealInfo info =
        new SES_SealInfo()
            .setHeader(new SES_Header(SES_Header.V4, new DERIA5String("OFDRW")))
            .setEsID(CODE)
            .setProperty(property)
            .setPicture(picture());
    return new SESeal()
        .seteSealInfo(info)
        .setCert(new DEROctetString(bytes("maker.cer")))
        .setSignAlgID(GMObjectIdentifiers.sm2sign_with_sm3)
        .setSignedValue(made(info.getEncoded("DER")));
  }

  private org.ofdrw.gm.ses.v1.SESeal oldSeal() throws Exception {
    ASN1EncodableVector listed = new ASN1EncodableVector();
    listed.add(new DEROctetString(bytes("signer.cer")));
    org.ofdrw.gm.ses.v1.SES_ESPropertyInfo property =
        new org.ofdrw.gm.ses.v1.SES_ESPropertyInfo()
            .setType(1)
            .setName("示例市行政审批局")
            .setCertList(new DERSequence(listed))
            .setCreateDate(new ASN1UTCTime(new Date(now.getTime() - DAY)))
            .setValidStart(new ASN1UTCTime(new Date(now.getTime() - DAY)))
            .setValidEnd(new ASN1UTCTime(new Date(now.getTime() + DAY)));
    org.ofdrw.gm.ses.v1.SES_SealInfo info =
        new org.ofdrw.gm.ses.v1.SES_SealInfo()
            .setHeader(new SES_Header(new ASN1Integer(1), new DERIA5String("OFDRW")))
            .setEsID(CODE)
            .setProperty(property)
            .setPicture(picture());
    ASN1EncodableVector signed = new ASN1EncodableVector();
    signed.add(info);
    signed.add(new DEROctetString(bytes("maker.cer")));
    signed.add(GMObjectIdentifiers.sm2sign_with_sm3);
    SES_SignInfo signInfo =
        new SES_SignInfo()
            .setCert(new DEROctetString(bytes("maker.cer")))
            .setSignatureAlgorithm(GMObjectIdentifiers.sm2sign_with_sm3)
            .setSignData(made(new DERSequence(signed).getEncoded("DER")));
    return new org.ofdrw.gm.ses.v1.SESeal(info, signInfo);
  }

  private SES_ESPictrueInfo picture() throws Exception {
    return new SES_ESPictrueInfo().setType("PNG").setData(bytes("picture.png")).setWidth(42).setHeight(42);
  }

  private byte[] made(byte[] message) throws Exception {
    Signature signature = Signature.getInstance("SM3withSM2", BouncyCastleProvider.PROVIDER_NAME);
    signature.initSign(key("maker.key"));
    signature.update(message);
    return signature.sign();
  }

  private void sign(String name, org.ofdrw.sign.ExtendSignatureContainer container) throws Exception {
    byte[] value = container.sign(new ByteArrayInputStream(bytes("original")), PLACE);
    Files.write(folder.resolve(name), value);
  }

  private void write(String name, ASN1Object object) throws Exception {
    Files.write(folder.resolve(name), object.getEncoded("DER"));
  }

  private byte[] bytes(String name) throws Exception {
    return Files.readAllBytes(folder.resolve(name));
  }

  private PrivateKey key(String name) throws Exception {
    KeyFactory factory = KeyFactory.getInstance("EC", BouncyCastleProvider.PROVIDER_NAME);
    return factory.generatePrivate(new PKCS8EncodedKeySpec(bytes(name)));
  }

  private Certificate certificate(String name) throws Exception {
    return parse(bytes(name));
  }

  private static void judge(List<String> arguments, PrintStream out) throws Exception {
    byte[] original = Files.readAllBytes(Path.of(arguments.get(0)));
    for (String file : arguments.subList(1, arguments.size())) {
      try {
        out.println("good " + file + " " + judged(original, Files.readAllBytes(Path.of(file))));
      } catch (Exception refused) {
        out.println("bad " + file + ": " + refused);
      }
    }
  }

  /** Check a seal signature with ofdrw's structures and Bouncy Castle's SM2, and that both write the same bytes again. */
  private static String judged(byte[] original, byte[] data) throws Exception {
    require(VersionParser.parseSES_SignatureVersion(data).getVersion() == SESVersion.v4, "version");
    SES_Signature signature = SES_Signature.getInstance(data);
    require(Arrays.equals(signature.getEncoded("DER"), data), "written again it is another");
    new SESV4ValidateContainer().validate(SigType.Seal, "1.2.156.10197.1.501", original, data);
    TBS_Sign signed = signature.getToSign();
    SESeal seal = signed.getEseal();
    require(VersionParser.parseSES_SealVersion(seal.getEncoded("DER")).getVersion() == SESVersion.v4, "seal version");
    Signature check = Signature.getInstance(seal.getSignAlgID().getId(), BouncyCastleProvider.PROVIDER_NAME);
    check.initVerify(parse(seal.getCert().getOctets()));
    check.update(seal.geteSealInfo().getEncoded("DER"));
    require(check.verify(seal.getSignedValue().getOctets()), "the seal maker's signature");
    require(isListed(seal, signature.getCert().getOctets()), "the signer is not in the list");
    StringBuilder extensions = new StringBuilder();
    if (signed.getExtDatas() != null) {
      signed.getExtDatas().forEach(each -> extensions.append(each.getExtnID()).append('=').append(each.getExtnValue()));
    }
    return seal.geteSealInfo().getEsID().getString() + " " + signed.getPropertyInfo().getString() + " " + extensions;
  }

  private static boolean isListed(SESeal seal, byte[] certificate) {
    SES_CertList list = seal.geteSealInfo().getProperty().getCertList();
    for (ASN1OctetString each : (CertInfoList) list.get()) {
      if (Arrays.equals(each.getOctets(), certificate)) {
        return true;
      }
    }
    return false;
  }

  private static Certificate parse(byte[] data) throws Exception {
    CertificateFactory factory = CertificateFactory.getInstance("X.509", BouncyCastleProvider.PROVIDER_NAME);
    return factory.generateCertificate(new ByteArrayInputStream(data));
  }

  private static byte[] sm3(byte[] data) throws Exception {
    return MessageDigest.getInstance("SM3", BouncyCastleProvider.PROVIDER_NAME).digest(data);
  }

  private static void require(boolean condition, String reason) {
    if (!condition) {
      throw new IllegalStateException(reason);
    }
  }
}
