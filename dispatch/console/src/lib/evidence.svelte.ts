// What the open event rests on: everything heard around it, and the place that the person looks at it from.
import { heardAround, type HeardAround, type IncidentDetail, type Version } from "./api";
import { attention } from "./attention.svelte";
import { originOf, rounds, strips } from "./strips";

/** A place to look from: a version of a round, or another place that it names. */
interface Choice {
  shot: string;
  version: number;
  other: number | null;
}

class Evidence {
  around = $state.raw<HeardAround | null>(null);
  /** Whether the curves of equal difference in time are drawn on the plan. */
  curves = $state(false);
  private choice = $state.raw<Choice | null>(null);
  private about = "";

  private detail = $derived(attention.detail?.id === attention.chosen ? attention.detail : null);
  rounds = $derived(this.detail === null ? [] : rounds(this.detail));
  /** The round that is looked at: the one chosen, else the first. */
  round = $derived(this.rounds.find((r) => r.shot === this.choice?.shot) ?? this.rounds[0] ?? null);
  /** The version that is looked at: the one chosen, else the one that counts. */
  version = $derived.by((): Version | null => {
    const versions = this.round?.versions ?? [];
    const chosen = versions.find((v) => v.shot === this.choice?.shot && v.version === this.choice.version);
    return chosen ?? versions.find((v) => v.preferred) ?? versions.at(-1) ?? null;
  });
  other = $derived.by((): number | null => {
    const other = this.version?.version === this.choice?.version ? (this.choice?.other ?? null) : null;
    return other !== null && other < (this.version?.also.length ?? 0) ? other : null;
  });
  origin = $derived(this.version === null || this.around === null ? null : originOf(this.version, this.other, this.around));
  strips = $derived(this.origin === null || this.around === null ? [] : strips(this.origin, this.around));

  lookAt(version: Version, other: number | null = null): void {
    this.choice = { shot: version.shot, version: version.version, other };
  }

  lookAtRound(shot: string): void {
    const version = this.rounds.find((r) => r.shot === shot)?.versions.find((v) => v.preferred);
    if (version !== undefined) this.lookAt(version);
  }

  /** Read it for an event whose details came; what was there of another event goes at once. */
  async load(detail: IncidentDetail): Promise<void> {
    if (this.about !== detail.id) {
      this.around = null;
      this.choice = null;
      this.about = detail.id;
    }
    const found = await heardAround(detail.id).catch(() => null); // said where it would stand; the next report asks again
    if (this.about === detail.id && found !== null) this.around = found;
  }
}

export const evidence = new Evidence();
