// Everything that a person does to the world. The buttons, the keys and window.cairnWorld all come through here.

export const SHAPES = ['box', 'sphere', 'cylinder', 'cone', 'ring', 'crystal'];
export const COLORS = ['#e4572e', '#f3a712', '#5fad56', '#2e86ab', '#6c5ce7', '#e56399', '#f4f1de', '#3d405b'];

/** Ten positions a second while dragging; the last one is durable. */
const DRAG_EVERY_MS = 100;
const LIMIT = 999;

export class Actions {
    /**
     * @param {import('../client/cairn.js').CairnClient} client
     * @param {import('./model.js').World} world
     * @param {import('./me.js').Me} me
     * @param {(error: Error, doing: string) => void} complain shows why something did not happen
     */
    constructor(client, world, me, complain) {
        this.client = client;
        this.world = world;
        this.me = me;
        this.complain = complain;
        // Everybody starts with another one, so that it shows who built what.
        this.color = COLORS[Math.floor(Math.random() * 6)];
        /** Poses that are shown before the server has agreed, by object id. */
        this.held = new Map();
        this.drags = new Map();
        this.selected = null;
        this.on_select = () => {};
        client.on('refused', (error) => {
            complain(error, error.type);
            if (error.type === 'object.move') this.letGoAll();
        });
        world.on('objects', () => {
            for (const id of this.held.keys()) if (!world.objects.has(id)) this.forget(id);
            if (this.selected && !world.objects.has(this.selected)) this.select(null);
            else this.on_select(this.selected);
        });
    }

    async ask(type, data, options) {
        try {
            return await this.client.request(type, data, options);
        } catch (error) {
            this.complain(error, type);
            throw error;
        }
    }

    // ---- myself -------------------------------------------------------------------------------------------------

    async rename(name) {
        await this.ask('user.update', { name });
        this.client.name = name;
    }

    async say(message) {
        const text = message.trim();
        if (text) return this.ask('chat.send', { message: text });
    }

    edit(id, message) {
        return this.ask('chat.edit', { id, message: message.trim() });
    }

    unsay(id) {
        return this.ask('chat.delete', { id });
    }

    // ---- objects ------------------------------------------------------------------------------------------------

    /** @returns {Promise<string>} the id of the new object */
    async place(shape, at = this.freeSpot()) {
        const object = {
            id: newId(),
            name: shape[0].toUpperCase() + shape.slice(1),
            type: 'primitive',
            p: at.map(tidy),
            r: [0, 0, 0],
            s: [1, 1, 1],
            properties: { shape, color: this.color },
        };
        const reply = await this.ask('object.create', object);
        const id = reply?.id ?? object.id;
        // The event `object.created` may come before or after the reply; both lead to the same object.
        if (!this.world.objects.has(id)) this.world.putObject({ ...object, id });
        return id;
    }

    async remove(id) {
        await this.ask('object.delete', { id });
        this.world.dropObject(id);
    }

    async recolor(id, color) {
        const object = this.world.objects.get(id);
        if (!object) return;
        const properties = { ...object.properties, color };
        await this.ask('object.update', { id, properties });
        this.world.updateObject({ id, properties });
    }

    /** Turned, raised, made bigger: shown at once, kept when the server says yes. */
    async pose(id, change) {
        const object = this.world.objects.get(id);
        if (!object) return;
        const pose = { ...this.poseOf(object), ...change };
        this.held.set(id, pose);
        const mark = pose;
        try {
            await this.ask('object.move', {
                id,
                p: pose.p.map(tidy),
                r: pose.r.map(tidy),
                s: pose.s.map(tidy),
                final: true,
            });
            this.world.objectsMoved([[id, pose.p, pose.r, pose.s]]);
        } finally {
            if (this.held.get(id) === mark) this.held.delete(id);
        }
    }

    /** Where an object is shown now. */
    poseOf(object) {
        return this.held.get(object.id) ?? { p: object.p, r: object.r, s: object.s };
    }

    /** While a finger or the mouse holds it. */
    drag(id, p) {
        const object = this.world.objects.get(id);
        if (!object) return;
        const pose = { ...this.poseOf(object), p: p.map(tidy) };
        this.held.set(id, pose);
        let drag = this.drags.get(id);
        if (!drag) this.drags.set(id, (drag = { timer: 0, sent_at: 0 }));
        if (drag.timer) return;
        const wait = Math.max(0, drag.sent_at + DRAG_EVERY_MS - performance.now());
        drag.timer = setTimeout(() => {
            drag.timer = 0;
            drag.sent_at = performance.now();
            const now = this.held.get(id);
            if (now) this.client.send('object.move', { id, p: now.p });
        }, wait);
    }

    /** Let go: what counts from now on. */
    async drop(id) {
        this.endDrag(id);
        const pose = this.held.get(id);
        if (pose) await this.pose(id, { p: pose.p });
    }

    /** A whole drag at once: away from here, over there, let go. */
    async dragTo(id, p) {
        const object = this.world.objects.get(id);
        if (!object) throw new Error(`there is no object ${id} here`);
        const from = [...object.p];
        for (const part of [0.25, 0.5, 0.75, 1]) {
            this.drag(
                id,
                from.map((value, i) => value + (p[i] - value) * part),
            );
            await new Promise((resolve) => setTimeout(resolve, 60));
        }
        await this.drop(id);
    }

    endDrag(id) {
        clearTimeout(this.drags.get(id)?.timer);
        this.drags.delete(id);
    }

    forget(id) {
        this.endDrag(id);
        this.held.delete(id);
    }

    /** The server said no to a movement on its way: show what it holds. */
    letGoAll() {
        for (const id of [...this.drags.keys()]) this.forget(id);
    }

    select(id) {
        this.selected = id;
        this.on_select(id);
    }

    /** In front of me but not hidden behind me, and beside what already stands there. */
    freeSpot() {
        const { p, heading } = this.me;
        for (let ring = 0; ring < 5; ring++) {
            for (const aside of [-0.45, 0.45, -0.95, 0.95, 0]) {
                const distance = 3 + ring * 1.4;
                const spot = [
                    p[0] + Math.sin(heading + aside) * distance,
                    0.5,
                    p[2] + Math.cos(heading + aside) * distance,
                ];
                const taken = [...this.world.objects.values()].some(
                    (object) => Math.hypot(object.p[0] - spot[0], object.p[2] - spot[2]) < 1.2,
                );
                if (!taken) return spot;
            }
        }
        return [p[0] + Math.sin(heading) * 3, 0.5, p[2] + Math.cos(heading) * 3];
    }
}

const tidy = (value) => Math.round(Math.max(-LIMIT, Math.min(LIMIT, value)) * 1000) / 1000;

/** crypto.randomUUID exists on https and localhost only; a friend on the same network opens http://192.168.x.x. */
function newId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
