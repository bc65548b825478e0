// Where somebody else is at this moment: positions come a few times a second and unevenly, the eye wants them sixty
// times and evenly. So they are shown a little late, between two that are known. How late depends on the sender:
// his pace, and how unevenly he arrives.

const SHORTEST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 400;
/** A sender's clock that jumps by more than this has been set; start anew. */
const JUMP_MS = 1000;
/** Longer silence than this is standing still, not a slow pace. */
const PAUSE_MS = 500;
const KEPT = 24;

export class Track {
    constructor() {
        this.samples = [];
        this.offset = null;
        /** How late things are shown, ms; follows `wanted` slowly, so that nobody jumps when it changes. */
        this.delay = 120;
        this.pace = 66;
        this.unevenness = 10;
        this.looked_at = null;
    }

    /** At once, without a movement: the first position, or a fresh state. */
    set(p, r) {
        this.samples = [{ at: -Infinity, p: [...p], r: [...r] }];
        this.offset = null;
    }

    /**
     * @param {number[]} p
     * @param {number[]} r Euler angles, radians
     * @param {number | undefined} ts the sender's clock, ms
     * @param {number} now when it arrived here, ms
     */
    push(p, r, ts, now) {
        const at = this.timeOf(ts, now);
        const last = this.samples.at(-1);
        if (last && at <= last.at) {
            if (last.at - at < JUMP_MS) return;
            this.samples = [];
        }
        if (last) {
            const step = at - last.at;
            if (step > 0 && step < PAUSE_MS) this.pace += (step - this.pace) * 0.1;
            // Standing until now: the way to the new position begins one step ago, not long ago.
            if (last.at === -Infinity) last.at = at - this.pace;
            else if (step > PAUSE_MS) this.samples.push({ at: at - this.pace, p: [...last.p], r: [...last.r] });
        }
        this.samples.push({ at, p: [...p], r: [...r] });
        if (this.samples.length > KEPT) this.samples.shift();
    }

    /**
     * When it was true, in the clock of this page: the sender's time plus the smallest difference of the clocks
     * ever seen.
     */
    timeOf(ts, now) {
        if (!Number.isFinite(ts) || ts <= 0) return now;
        const offset = now - ts;
        if (this.offset === null || Math.abs(offset - this.offset) > JUMP_MS) this.offset = offset;
        // The smallest one has the least waiting in it. It may grow slowly, because clocks drift.
        else this.offset = Math.min(this.offset + 0.05, offset);
        const late = offset - this.offset;
        // Grows with the first late one, shrinks over many good ones.
        this.unevenness += (late - this.unevenness) * (late > this.unevenness ? 0.3 : 0.02);
        return ts + this.offset;
    }

    /** One step of the sender must be known ahead of what is shown, and the lateness that is usual. */
    get wanted() {
        return Math.min(LONGEST_DELAY_MS, Math.max(SHORTEST_DELAY_MS, this.pace + 1.5 * this.unevenness + 20));
    }

    /**
     * @param {number} now ms, same clock as `push`
     * @returns {{p: number[], r: number[], speed: number}} speed in metres a second over the ground
     */
    at(now) {
        const passed = this.looked_at === null ? 0 : Math.max(0, Math.min(now - this.looked_at, 100));
        this.looked_at = now;
        // A tenth slower or faster than life: nobody sees it.
        this.delay += Math.max(-0.1 * passed, Math.min(0.1 * passed, this.wanted - this.delay));
        return this.where(now - this.delay);
    }

    where(when) {
        const { samples } = this;
        if (samples.length === 0) return { p: [0, 0, 0], r: [0, 0, 0], speed: 0 };
        let i = samples.length - 1;
        while (i > 0 && samples[i].at > when) i -= 1;
        const a = samples[i];
        const b = samples[i + 1];
        // The next position is overdue or nobody moves: stand. Guessing on would have to be taken back with a jerk.
        if (!b) return { p: [...a.p], r: [...a.r], speed: 0 };
        const part = a.at === -Infinity ? 0 : Math.min(1, Math.max(0, (when - a.at) / (b.at - a.at)));
        return { p: mix(a.p, b.p, part), r: turn(a.r, b.r, part), speed: speed(a, b) };
    }
}

const mix = (a, b, part) => a.map((value, i) => value + (b[i] - value) * part);

/** Angles go the short way round. */
export const turn = (a, b, part) => a.map((value, i) => value + shortest(b[i] - value) * part);

export function shortest(angle) {
    return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}

function speed(a, b) {
    const seconds = (b.at - a.at) / 1000;
    return Number.isFinite(seconds) && seconds > 0 ? Math.hypot(b.p[0] - a.p[0], b.p[2] - a.p[2]) / seconds : 0;
}
