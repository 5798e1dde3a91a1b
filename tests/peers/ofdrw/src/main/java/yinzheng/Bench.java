package yinzheng;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.ofdrw.font.Font;
import org.ofdrw.gm.ses.v4.SESeal;
import org.ofdrw.layout.OFDDoc;
import org.ofdrw.layout.PageLayout;
import org.ofdrw.layout.VirtualPage;
import org.ofdrw.layout.edit.Attachment;
import org.ofdrw.layout.element.Position;
import org.ofdrw.layout.element.canvas.Canvas;
import org.ofdrw.layout.element.canvas.DrawContext;
import org.ofdrw.layout.element.canvas.FontSetting;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.OFDSigner;
import org.ofdrw.sign.SignMode;
import org.ofdrw.sign.signContainer.SESV4Container;
import org.ofdrw.sign.stamppos.NormalStampPos;

/**
 * Makes and seals one page again and again, as a program over ofdrw would: its canvas, its fonts, its signer.
 *
 * <p>The folder holds what is the same each time: page.tsv (what stands where, laid out already), fonts cut already,
 * the photo, the files to attach, seal.esl, seal.crt and seal.key. On standard input: "make", "save FILE" or
 * "check FILE", a line each; each is answered by "done".
 */
final class Bench {
  private final Path folder;
  private final List<String[]> page = new ArrayList<>();
  private final Map<String, Font> fonts = new HashMap<>();
  private final PrivateKey key;
  private final Certificate certificate;
  private final SESeal seal;

  Bench(List<String> arguments) throws Exception {
    folder = Path.of(arguments.get(0));
    for (String line : Files.readAllLines(folder.resolve("page.tsv"), StandardCharsets.UTF_8)) {
      page.add(line.split("\t", -1));
    }
    BouncyCastleProvider provider = new BouncyCastleProvider();
    Security.addProvider(provider);
    byte[] pkcs8 = Files.readAllBytes(folder.resolve("seal.key"));
    key = KeyFactory.getInstance("EC", provider).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    try (InputStream der = Files.newInputStream(folder.resolve("seal.crt"))) {
      certificate = CertificateFactory.getInstance("X.509", provider).generateCertificate(der);
    }
    seal = SESeal.getInstance(Files.readAllBytes(folder.resolve("seal.esl")));
  }

  void serve(InputStream in, PrintStream out) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ", 2);
      switch (words[0]) {
        case "make" -> sealed();
        case "save" -> Files.write(Path.of(words[1]), sealed());
        case "check" -> Main.validate(Path.of(words[1]));
        default -> throw new IllegalArgumentException(line);
      }
      out.println("done");
    }
  }

  private byte[] sealed() throws Exception {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    double[] stamp = new double[4];
    try (OFDDoc document = new OFDDoc(written)) {
      draw(document, stamp);
    }
    ByteArrayOutputStream result = new ByteArrayOutputStream();
    try (OFDReader reader = new OFDReader(new ByteArrayInputStream(written.toByteArray()));
        OFDSigner signer = new OFDSigner(reader, result)) {
      signer.setSignMode(SignMode.ContinueSign);
      signer.setSignContainer(new SESV4Container(key, seal, certificate));
      signer.addApPos(new NormalStampPos(1, stamp[0], stamp[1], stamp[2], stamp[3]));
      signer.exeSign();
    }
    return result.toByteArray();
  }

  private void draw(OFDDoc document, double[] stamp) throws Exception {
    double width = number(page.get(0)[1]);
    double height = number(page.get(0)[2]);
    document.setDefaultPageLayout(new PageLayout(width, height).setMargin(0d));
    VirtualPage sheet = new VirtualPage(width, height);
    Canvas canvas = new Canvas(0, 0, width, height);
    canvas.setPosition(Position.Absolute);
    canvas.setDrawer(context -> marks(context, stamp));
    sheet.add(canvas);
    document.addVPage(sheet);
    for (String[] mark : page) {
      if (mark[0].equals("file")) {
        document.addAttachment(new Attachment(mark[1], folder.resolve(mark[1])).setVisible(false));
      }
    }
  }

  private void marks(DrawContext context, double[] stamp) throws java.io.IOException {
    for (String[] mark : page) {
      switch (mark[0]) {
        case "text" -> text(context, mark);
        case "path" -> path(context, mark);
        case "image" -> context.drawImage(
            folder.resolve(mark[1]), number(mark[2]), number(mark[3]), number(mark[4]), number(mark[5]));
        case "seal" -> {
          for (int place = 0; place < stamp.length; place++) {
            stamp[place] = number(mark[place + 1]);
          }
        }
        default -> { }
      }
    }
  }

  /** text FONT SIZE X Y SPACING COLOUR TEXT. */
  private void text(DrawContext context, String[] mark) throws java.io.IOException {
    FontSetting setting = new FontSetting(number(mark[2]), font(mark[1]));
    setting.setLetterSpacing(number(mark[5]));
    context.setFont(setting);
    context.setFillColor(colour(mark[6]));
    context.fillText(mark[7], number(mark[3]), number(mark[4]));
  }

  private Font font(String name) {
    return fonts.computeIfAbsent(name, each -> new Font(each, each, folder.resolve(each + ".ttf")));
  }

  /** path STROKE WIDTH FILL STEPS; no colour is written as -. */
  private void path(DrawContext context, String[] mark) {
    context.beginPath();
    String[] words = mark[4].split(" ");
    for (int at = 0; at < words.length; ) {
      switch (words[at]) {
        case "M" -> context.moveTo(number(words[at + 1]), number(words[at + 2]));
        case "L" -> context.lineTo(number(words[at + 1]), number(words[at + 2]));
        case "B" -> context.bezierCurveTo(
            number(words[at + 1]), number(words[at + 2]), number(words[at + 3]),
            number(words[at + 4]), number(words[at + 5]), number(words[at + 6]));
        default -> context.closePath();
      }
      at += switch (words[at]) {
        case "M", "L" -> 3;
        case "B" -> 7;
        default -> 1;
      };
    }
    if (!mark[3].equals("-")) {
      context.setFillColor(colour(mark[3]));
      context.fill();
    }
    if (!mark[1].equals("-")) {
      context.setStrokeColor(colour(mark[1]));
      context.setLineWidth(number(mark[2]));
      context.stroke();
    }
  }

  private static double number(String text) {
    return Double.parseDouble(text);
  }

  private static int[] colour(String text) {
    String[] words = text.split(" ");
    return new int[] {Integer.parseInt(words[0]), Integer.parseInt(words[1]), Integer.parseInt(words[2])};
  }
}
