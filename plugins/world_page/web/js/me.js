// The own avatar: walks by the controls, tells the server where it is.

/** metres a second */
const WALK = 5;
const RUN = 9;
const JUMP = 5.2;
const GRAVITY = 14;
/** The server takes coordinates below 1000 m (promise P169); stay clear of the edge. */
const EDGE = 990;
/** 15 positions a second: enough for smooth eyes, half of what the server allows. */
const SEND_EVERY_MS = 66;
const WORTH_TELLING = 0.01;

export class Me {
    constructor(client, world) {
        this.client = client;
        this.world = world;
        this.p = [0, 0, 0];
        this.yaw = 0;
        /** Where the eye looks; what is placed goes there, into sight. */
        this.heading = Math.PI;
        this.speed = 0;
        this.rise = 0;
        this.placed = false;
        this.told = null;
        this.owes_last = false;
        client.on('joined', () => {
            // After a reconnect the server may hold an older place; where one stands counts.
            this.told = null;
        });
        world.on('reset', () => this.settle());
        setInterval(() => this.tell(), SEND_EVERY_MS);
    }

    /** First arrival: where the server remembers this guest, else somewhere around the cairn and not inside of it. */
    settle() {
        if (this.placed) return;
        this.placed = true;
        const kept = this.world.self;
        if (kept && Math.hypot(kept.p[0], kept.p[2]) > 0.01) {
            this.p = [...kept.p];
            this.yaw = kept.r[1];
            return;
        }
        const angle = Math.random() * 2 * Math.PI;
        const radius = 5 + Math.random() * 3;
        this.put(Math.sin(angle) * radius, Math.cos(angle) * radius);
        this.yaw = Math.atan2(-this.p[0], -this.p[2]);
    }

    put(x, z) {
        const [x0, , z0] = this.p;
        this.placed = true;
        this.p = [clamp(x), this.p[1], clamp(z)];
        if (Math.hypot(x - x0, z - z0) > 0.01) this.yaw = Math.atan2(x - x0, z - z0);
    }

    /**
     * @param {number} seconds since the last step
     * @param {{x: number, y: number, run: boolean, jump: boolean}} wish x to the right, y forward, length at most 1
     * @param {number} heading of the camera, radians
     */
    step(seconds, wish, heading) {
        this.heading = heading;
        const length = Math.min(1, Math.hypot(wish.x, wish.y));
        if (length > 0.05) {
            const way = heading + Math.atan2(-wish.x, wish.y);
            const metres = length * (wish.run ? RUN : WALK) * seconds;
            this.p[0] = clamp(this.p[0] + Math.sin(way) * metres);
            this.p[2] = clamp(this.p[2] + Math.cos(way) * metres);
            const turn = Math.atan2(Math.sin(way - this.yaw), Math.cos(way - this.yaw));
            this.yaw += turn * Math.min(1, seconds * 12);
            this.speed = metres / seconds;
        } else {
            this.speed = 0;
        }
        if (wish.jump && this.p[1] === 0) this.rise = JUMP;
        if (this.rise !== 0 || this.p[1] > 0) {
            this.p[1] += this.rise * seconds;
            this.rise -= GRAVITY * seconds;
            if (this.p[1] <= 0) {
                this.p[1] = 0;
                this.rise = 0;
            }
        }
    }

    tell() {
        if (!this.placed || !this.client.in_space) return;
        const row = [...this.p, this.yaw];
        const moved = !this.told || row.some((value, i) => Math.abs(value - this.told[i]) > WORTH_TELLING);
        // One more after the last movement: it says "stands here now" in case that the one before was coalesced away.
        if (!moved && !this.owes_last) return;
        this.owes_last = moved;
        const sent = this.client.send('user.move', {
            p: this.p.map(round),
            r: [0, round(Math.atan2(Math.sin(this.yaw), Math.cos(this.yaw))), 0],
            ts: Math.round(performance.now()),
        });
        if (sent) this.told = row;
    }
}

const clamp = (value) => Math.max(-EDGE, Math.min(EDGE, value));
/** Millimetres are enough, and shorter on the wire. */
const round = (value) => Math.round(value * 1000) / 1000;
