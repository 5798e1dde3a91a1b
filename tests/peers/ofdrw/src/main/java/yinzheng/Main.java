package yinzheng;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
 * <p>verify FILE... : a line each, "good FILE" or "bad FILE: reason"; judge PIXELS_PER_MM FOLDER FILE... : the same, and
 * for each good one writes FILE.txt with a line for each text object, a form feed between pages, and FILE-PAGE.bmp; serve
 * FOLDER : see Bench.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    List<String> rest = List.of(arguments).subList(1, arguments.length);
    switch (arguments[0]) {
      case "verify" -> verify(rest, out);
      case "judge" -> {
        for (Path good : verify(rest.subList(2, rest.size()), out)) {
          text(good, Path.of(rest.get(1)));
          render(good, Integer.parseInt(rest.get(0)), Path.of(rest.get(1)));
        }
      }
      case "serve" -> new Bench(rest).serve(System.in, out);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static List<Path> verify(List<String> files, PrintStream out) {
    List<Path> good = new ArrayList<>();
    for (String file : files) {
      try {
        validate(Path.of(file));
        good.add(Path.of(file));
        out.println("good " + file);
      } catch (Exception refused) {
        out.println("bad " + file + ": " + refused);
      }
    }
    return good;
  }

  /** Let ofdrw's own validator judge a file with a seal of version 4; it throws where it finds something wrong. */
  static void validate(Path file) throws Exception {
    try (OFDReader reader = new OFDReader(file);
        OFDValidator validator = new OFDValidator(reader)) {
      validator.setValidator(new SESV4ValidateContainer());
      validator.exeValidate();
    }
  }

  private static void text(Path file, Path folder) throws Exception {
    StringBuilder found = new StringBuilder();
    try (OFDReader reader = new OFDReader(file)) {
      ContentExtractor extractor = new ContentExtractor(reader);
      for (int page = 1; page <= reader.getNumberOfPages(); page++) {
        found.append(page > 1 ? "\f" : "");
        extractor.getPageContent(page).forEach(line -> found.append(line).append('\n'));
      }
    }
    Files.writeString(folder.resolve(stem(file) + ".txt"), found);
  }

  private static void render(Path file, int pixelsPerMm, Path folder) throws Exception {
    try (OFDReader reader = new OFDReader(file)) {
      ImageMaker maker = new ImageMaker(reader, pixelsPerMm);
      for (int page = 0; page < reader.getNumberOfPages(); page++) {
        Path picture = folder.resolve(stem(file) + "-" + (page + 1) + ".bmp");
        ImageIO.write(maker.makePage(page), "BMP", picture.toFile());
      }
    }
  }

  private static String stem(Path file) {
    return file.getFileName().toString().replaceFirst("[.]ofd$", "");
  }
}
