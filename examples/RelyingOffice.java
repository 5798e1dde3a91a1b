import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.UUID;

/**
 * Check one licence for a purpose and print the answer, with nothing but the JDK (11 or newer):
 * {@code java RelyingOffice.java URL KEY TEXT}. Ends with 0 when the service answered, 1 when it refused.
 */
public final class RelyingOffice {
    public static void main(String[] arguments) throws Exception {
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
