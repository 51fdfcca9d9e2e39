/** The OAuth2 access token: fetched once for all who wait, renewed before it ends. */
import type { KyInstance } from "ky";
import { tokenAnswer } from "./answers.ts";
import { notConfigured } from "./settings.ts";
import type { VerdaSettings } from "./settings.ts";

/** Renewed this long before its end, so that no call starts with a token about to end. */
const EARLY_MILLISECONDS = 60_000;

export class AccessToken {
  readonly #http: KyInstance;
  readonly #settings: VerdaSettings;
  #value: string | undefined;
  #renewAt = 0;
  #inFlight: Promise<string> | undefined;

  constructor(http: KyInstance, settings: VerdaSettings) {
    this.#http = http;
    this.#settings = settings;
  }

  async value(): Promise<string> {
    if (this.#value !== undefined && Date.now() < this.#renewAt) return this.#value;
    this.#inFlight ??= this.#fetch().finally(() => (this.#inFlight = undefined));
    return await this.#inFlight;
  }

  /** Forgets a token that the API refused, unless another one came meanwhile. */
  refuse(value: string): void {
    if (this.#value === value) this.#value = undefined;
  }

  /** Secrets that no message may show. */
  get secrets(): readonly string[] {
    return [this.#settings.clientSecret, this.#value].filter((secret) => secret !== undefined);
  }

  async #fetch(): Promise<string> {
    const { clientId, clientSecret } = this.#settings;
    if (clientId === undefined || clientSecret === undefined) {
      throw notConfigured(
        "there are no Verda credentials: set VERDA_CLIENT_ID and VERDA_CLIENT_SECRET, or verda:clientId and the secret verda:clientSecret in the stack's configuration",
      );
    }
    // Asking twice for a token does no harm.
    const answer = await this.#http.post("oauth2/token", {
      json: {
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: clientSecret,
      },
      retry: { methods: ["post"] },
    });
    const { access_token, expires_in } = tokenAnswer.parse(await answer.json());
    this.#value = access_token;
    const lifetime = expires_in * 1000;
    this.#renewAt = Date.now() + lifetime - Math.min(EARLY_MILLISECONDS, lifetime / 4);
    return access_token;
  }
}
