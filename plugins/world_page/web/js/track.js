// Where somebody else is at this moment: positions come a few times a second and unevenly, the eye wants them sixty times and evenly.
// So they are shown a little late, between two that are known.

/** How late, in ms. A sender speaks every 66 ms and the server's tick adds up to 50. */
export const DELAY_MS = 120;
/** A sender's clock that jumps by more than this has been set; start anew. */
const JUMP_MS = 1000;
const KEPT = 16;

export class Track {
    constructor() {
        this.samples = [];
        this.offset = null;
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
        let at = now;
        if (Number.isFinite(ts) && ts > 0) {
            const offset = now - ts;
            // The smallest difference of the clocks is the one with the least waiting in it. It may grow slowly (clocks drift).
            if (this.offset === null || Math.abs(offset - this.offset) > JUMP_MS) this.offset = offset;
            else this.offset = Math.min(this.offset + 0.05, offset);
            at = ts + this.offset;
        }
        const last = this.samples.at(-1);
        if (last && at <= last.at) {
            if (last.at - at < JUMP_MS) return;
            this.samples = [];
        }
        if (last && last.at === -Infinity) {
            // Standing until now: the way to the first new position begins one step ago, not long ago.
            last.at = at - DELAY_MS;
        } else if (last && at - last.at > 500) {
            // Stood still in between; without this they would glide all that time.
            this.samples.push({ at: at - DELAY_MS, p: [...last.p], r: [...last.r] });
        }
        this.samples.push({ at, p: [...p], r: [...r] });
        if (this.samples.length > KEPT) this.samples.shift();
    }

    /**
     * @param {number} now ms, same clock as `push`
     * @returns {{p: number[], r: number[], speed: number}} speed in metres a second over the ground
     */
    at(now) {
        const when = now - DELAY_MS;
        const { samples } = this;
        if (samples.length === 0) return { p: [0, 0, 0], r: [0, 0, 0], speed: 0 };
        let i = samples.length - 1;
        while (i > 0 && samples[i].at > when) i -= 1;
        const a = samples[i];
        const b = samples[i + 1];
        if (b) {
            const part = a.at === -Infinity ? 0 : Math.min(1, Math.max(0, (when - a.at) / (b.at - a.at)));
            return { p: mix(a.p, b.p, part), r: turn(a.r, b.r, part), speed: speed(a, b) };
        }
        // The next position is overdue or nobody moves: stand. Guessing on would have to be taken back with a jerk.
        return { p: [...a.p], r: [...a.r], speed: 0 };
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
