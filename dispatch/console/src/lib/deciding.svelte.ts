// What a person decides about the open event: one key each, a form where words are needed, and what the centre answers.
import { decide, detail, incoming, type Asked, type Incident } from "./api";
import { attention } from "./attention.svelte";
import { live } from "./live.svelte";
import { isLoggedOut, refusalOf, type Refusal } from "./refusals";
import { latestOwn, possible, type Step } from "./steps";
import { who } from "./who.svelte";

export type Form = Exclude<Step, "acknowledge" | "undo"> | "take_over";

class Deciding {
  form = $state<Form | null>(null);
  /** What is being written; kept when the form is closed, and there again when it is opened. */
  text = $state("");
  busy = $state(false);
  refusal = $state.raw<Refusal | null>(null);
  /** Whose event it was when the form was opened: the person sends knowing that. */
  holder = $state<string | null>(null);

  readonly me = $derived(who.me?.name ?? "");
  readonly may = $derived(who.me?.rights.includes("decide") ?? false);
  readonly steps = $derived(
    attention.event === null || !this.may
      ? new Set<Step>()
      : possible(attention.event, attention.detail?.id === attention.chosen ? attention.detail.history : [], this.me),
  );

  private drafts = new Map<string, string>();
  private about: string | null = null;

  /** A key or a button. */
  begin(step: Step): void {
    const event = attention.event;
    if (event === null || this.busy || !this.steps.has(step)) return;
    this.refusal = null;
    attention.hold();
    if (step === "undo") void this.undo();
    else if (step !== "acknowledge") this.open(step, event);
    else if (event.taken_by !== null) this.open("take_over", event);
    else void this.send({ action: "acknowledge" });
  }

  /** Close the form; what was written stays for when it is opened again. */
  end(focus = true): void {
    const was = this.form;
    if (was === null) return;
    this.drafts.set(`${this.about}/${was}`, this.text);
    this.form = null;
    attention.writing = false;
    if (focus) document.getElementById(`step-${was === "take_over" ? "acknowledge" : was}`)?.focus();
  }

  send(what: Asked): Promise<boolean> {
    return this.work((id) => decide(id, what));
  }

  /** The same, over the head of whoever held the event when the form was opened. */
  sendTaking(what: Asked & { action: "acknowledge" | "call_back" | "dispatch" }): Promise<boolean> {
    const other = this.holder !== null && this.holder !== this.me;
    return this.send(other ? { ...what, instead_of: this.holder ?? "" } : what);
  }

  attach(what: string): Promise<boolean> {
    return this.work((id) => incoming.attach(id, what));
  }

  /** Undo a line, or the person's own last one: as the log stands now, not as it stood when it was last shown. */
  undo(line?: number): Promise<boolean> {
    return this.work(async (id) => {
      const now = await detail(id);
      const which = line ?? latestOwn(now.history, this.me)?.line;
      return which === undefined ? now : decide(id, { action: "undo", line: which });
    });
  }

  private open(form: Form, event: Incident): void {
    if (this.form !== null) this.end(false);
    [this.form, this.about, this.holder] = [form, event.id, event.taken_by];
    this.text = this.drafts.get(`${event.id}/${form}`) ?? "";
    attention.writing = true;
  }

  private async work(ask: (id: string) => Promise<Incident>): Promise<boolean> {
    const id = this.form === null ? attention.chosen : this.about;
    if (id === null || this.busy) return false;
    this.busy = true;
    try {
      live.take([await ask(id)]);
      this.text = "";
      this.refusal = null;
      this.end();
      return true;
    } catch (error) {
      if (isLoggedOut(error)) who.end();
      else this.refusal = refusalOf(error);
      return false;
    } finally {
      this.busy = false;
      void attention.refresh();
    }
  }
}

export const deciding = new Deciding();
