package yinzheng;

import java.awt.image.BufferedImage;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.ofdrw.converter.ImageMaker;
import org.ofdrw.reader.ContentExtractor;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.verify.OFDValidator;
import org.ofdrw.sign.verify.container.SESV4ValidateContainer;

/**
 * What ofdrw thinks of an OFD: its validator's word, the text that it extracts, its picture of a page.
 *
 * <p>verify FILE... : a line each, "good FILE" or "bad FILE: reason"; text FILE : the text objects, a line each, pages
 * parted by a form feed; render FILE PAGE PIXELS_PER_MM PNG.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    List<String> rest = List.of(arguments).subList(1, arguments.length);
    switch (arguments[0]) {
      case "verify" -> verify(rest, out);
      case "text" -> text(Path.of(rest.get(0)), out);
      case "render" -> render(rest);
      case "serve" -> new Bench(rest).serve(System.in, out);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void verify(List<String> files, PrintStream out) {
    for (String file : files) {
      try {
        validate(Path.of(file));
        out.println("good " + file);
      } catch (Exception refused) {
        out.println("bad " + file + ": " + refused);
      }
    }
  }

  /** Let ofdrw's own validator judge a file with a seal of version 4; it throws where it finds something wrong. */
  static void validate(Path file) throws Exception {
    try (OFDReader reader = new OFDReader(file);
        OFDValidator validator = new OFDValidator(reader)) {
      validator.setValidator(new SESV4ValidateContainer());
      validator.exeValidate();
    }
  }

  private static void text(Path file, PrintStream out) throws Exception {
    try (OFDReader reader = new OFDReader(file)) {
      ContentExtractor extractor = new ContentExtractor(reader);
      for (int page = 1; page <= reader.getNumberOfPages(); page++) {
        if (page > 1) {
          out.print('\f');
        }
        extractor.getPageContent(page).forEach(out::println);
      }
    }
  }

  private static void render(List<String> rest) throws Exception {
    try (OFDReader reader = new OFDReader(Path.of(rest.get(0)))) {
      ImageMaker maker = new ImageMaker(reader, Integer.parseInt(rest.get(2)));
      BufferedImage picture = maker.makePage(Integer.parseInt(rest.get(1)));
      ImageIO.write(picture, "PNG", Path.of(rest.get(3)).toFile());
    }
  }
}
