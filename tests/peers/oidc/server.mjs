// A real OpenID provider (npm oidc-provider) on loopback: one client, persons who consent without a page of their own.
// node server.mjs PORT RETURN_ADDRESS; then GET /authorize... with the login in the query of /who.
import { Provider } from "oidc-provider";
import { generateKeyPairSync } from "node:crypto";

const [port, returnAddress, clientId, clientSecret] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: "one" };

const provider = new Provider(issuer, {
  jwks: { keys: [key] },
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [returnAddress],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      id_token_signed_response_alg: "ES256",
    },
  ],
  cookies: { keys: ["for tests alone"] },
  pkce: { methods: ["S256"], required: () => true },
  features: { devInteractions: { enabled: false } },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith("/interaction/")) return next();
  // The person who signs in is named by a cookie that the test's browser brings along.
  const who = context.cookies.get("who") || "somebody";
  const { prompt, params } = await provider.interactionDetails(context.req, context.res);
  const result = { login: { accountId: who, amr: who.endsWith("-mfa") ? ["pwd", "otp"] : ["pwd"] } };
  if (prompt.name === "consent") {
    const grant = new provider.Grant({ accountId: who, clientId: params.client_id });
    grant.addOIDCScope("openid");
    result.consent = { grantId: await grant.save() };
  }
  await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: true });
  context.respond = false;
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
