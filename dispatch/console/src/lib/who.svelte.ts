// Who is logged in at this page. A session that ends keeps the view, greyed, behind the log-in.
import { Refused, session, type Me } from "./api";

type LinkKind = "first" | "join" | "enter";
const LINK = /^#\/(first|join|enter)\/([\w-]+)$/;
const RETRY_MS = 2000;

/** Where the identity provider's way ends that lets nobody in. */
const REFUSED = "#/refused";

/** Why somebody was not let in, for the page's words to tell. */
export type Refusal = "wrong" | "provider" | "code" | "own" | "link" | "many" | "password" | "name" | "ended" | "away";

class Who {
  me = $state.raw<Me | null>(null);
  /** Whether the centre has said who is logged in. */
  asked = $state(false);
  /** Whether somebody was logged in at this page, whose session has ended. */
  ended = $state(false);
  /** The one-time link by which this page was opened. */
  link = $state.raw<{ kind: LinkKind; secret: string } | null>(null);
  refusal = $state<Refusal | null>(null);
  /** Whether the password was right and the centre wants a one-time code too. */
  codeNeeded = $state(false);

  /** Told when somebody is let in again after an end. */
  onBack: () => void = () => {};

  /** The operator's identity provider, where there is one. */
  provider = $state<string | null>(null);

  async start(): Promise<void> {
    if (location.hash === REFUSED) {
      history.replaceState(null, "", location.pathname);
      this.refusal = "provider";
    }
    const found = LINK.exec(location.hash);
    if (found !== null) {
      history.replaceState(null, "", location.pathname); // a link is a secret, and good once: not for the history
      this.link = { kind: found[1] as LinkKind, secret: found[2] ?? "" };
    }
    if (this.link?.kind === "enter") await this.follow();
    else if (this.link === null) await this.ask();
    this.asked = true;
  }

  logIn(name: string, password: string, code?: string): Promise<boolean> {
    return this.come(() => session.logIn(name, password, code));
  }

  /** From the code back to name and password. */
  startOver(): void {
    this.codeNeeded = false;
    this.refusal = null;
  }

  /** One-time codes were turned on or off. */
  setCodes(on: boolean): void {
    if (this.me !== null) this.me = { ...this.me, has_codes: on };
  }

  follow(password?: string, name?: string): Promise<boolean> {
    const secret = this.link?.secret ?? "";
    return this.come(() => session.follow(secret, password, name));
  }

  async logOut(): Promise<void> {
    try {
      await session.end();
    } finally {
      location.reload(); // nothing of what was seen stays in the page
    }
  }

  /** The centre says that nobody is logged in. */
  end(): void {
    this.ended = this.me !== null;
    this.refusal = null;
  }

  private async ask(): Promise<void> {
    for (;;) {
      try {
        this.me = await session.me();
        if (this.me === null) this.provider = (await session.ways()).provider;
        return;
      } catch {
        await new Promise((done) => setTimeout(done, RETRY_MS));
      }
    }
  }

  private async come(way: () => Promise<Me>): Promise<boolean> {
    this.refusal = null;
    try {
      const me = await way();
      if (this.me !== null && this.me.name !== me.name) location.reload(); // another person: another view
      this.me = me;
      this.link = null;
      this.codeNeeded = false;
      if (this.ended) this.onBack();
      this.ended = false;
      return true;
    } catch (error) {
      if (error instanceof Refused && error.codeNeeded) this.codeNeeded = true;
      else this.refusal = why(error, "password", this.link !== null ? "link" : this.codeNeeded ? "code" : "wrong");
      return false;
    }
  }
}

/** What a refusal is about; `unfit`: what the centre calls unfit where it is not the name; `stranger`: what 401 means. */
export function why(error: unknown, unfit: Refusal, stranger: Refusal = "ended"): Refusal {
  if (!(error instanceof Refused)) return "away";
  if (error.status === 401) return stranger;
  if (error.status === 403) return "own";
  if (error.status === 400 || error.status === 422) return /^name/.test(error.message) ? "name" : unfit;
  return error.status === 429 ? "many" : "away";
}

export const who = new Who();
