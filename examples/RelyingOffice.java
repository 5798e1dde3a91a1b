import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.UUID;

/**
 * Check one licence for a purpose and print the answer, with nothing but the JDK (15 or newer):
 * {@code java RelyingOffice.java URL KEY TEXT}. Ends with 0 when the service answered, 1 when it refused.
 * {@code java RelyingOffice.java statement AUDIENCE CLIENT KID PRIVATE.pem} prints the signed statement that is
 * exchanged for a token where there is no shared secret (private_key_jwt; the key, P-256 or Ed25519, as PKCS#8).
 */
public final class RelyingOffice {
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("statement")) {
            System.out.println(statement(arguments[1], arguments[2], arguments[3], Path.of(arguments[4])));
            return;
        }
        String address = arguments[0];
        String key = arguments[1];
        String body = "{\"text\":" + quoted(arguments[2]) + ",\"reliance\":{"
            + "\"purpose\":\"supervision\","
            + "\"legal_basis\":" + quoted("《食品安全法》第一百一十条") + ","
            + "\"case_number\":" + quoted("示检〔2026〕7号") + "}}";
        HttpRequest request = HttpRequest.newBuilder(URI.create(address + "/api/v1/verifications"))
            .timeout(Duration.ofSeconds(30))
            .header("Authorization", "Bearer " + key)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", UUID.randomUUID().toString())
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
        HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(answer.body());
        System.exit(answer.statusCode() == 200 ? 0 : 1);
    }

    /** Signs who asks, for whom, until when, and a number of its own: good for a minute, once (RFC 7523). */
    private static String statement(String audience, String client, String kid, Path file) throws Exception {
        String pem = Files.readString(file).replaceAll("-----[^-]+-----", "");
        PrivateKey key = privateKey(Base64.getMimeDecoder().decode(pem));
        boolean isEdwards = !key.getAlgorithm().equals("EC");
        long until = System.currentTimeMillis() / 1000 + Long.getLong("clock.behind", 0) + 60;
        String header = "{\"alg\":" + quoted(isEdwards ? "EdDSA" : "ES256") + ",\"kid\":" + quoted(kid) + ",\"typ\":\"JWT\"}";
        String claims = "{\"iss\":" + quoted(client) + ",\"sub\":" + quoted(client) + ",\"aud\":" + quoted(audience)
            + ",\"exp\":" + until + ",\"jti\":" + quoted(UUID.randomUUID().toString()) + "}";
        String signed = base64url(header.getBytes(StandardCharsets.UTF_8)) + "."
            + base64url(claims.getBytes(StandardCharsets.UTF_8));
        Signature signature = Signature.getInstance(isEdwards ? "Ed25519" : "SHA256withECDSAinP1363Format");
        signature.initSign(key);
        signature.update(signed.getBytes(StandardCharsets.US_ASCII));
        return signed + "." + base64url(signature.sign());
    }

    private static PrivateKey privateKey(byte[] encoded) throws GeneralSecurityException {
        PKCS8EncodedKeySpec wrapped = new PKCS8EncodedKeySpec(encoded);
        try {
            return KeyFactory.getInstance("EC").generatePrivate(wrapped);
        } catch (InvalidKeySpecException another) {
            return KeyFactory.getInstance("Ed25519").generatePrivate(wrapped);
        }
    }

    private static String base64url(byte[] content) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(content);
    }

    /** Writes a text as JSON does. */
    private static String quoted(String text) {
        StringBuilder written = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            if (each == '"' || each == '\\') {
                written.append('\\').append(each);
            } else if (each < ' ' || each > '~') {
                written.append(String.format("\\u%04x", (int) each));
            } else {
                written.append(each);
            }
        }
        return written.append('"').toString();
    }
}
