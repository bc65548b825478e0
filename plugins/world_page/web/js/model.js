// What is in the space, as the server told it. Knows no DOM and no 3D; views read it and listen to it.
import { Track } from './track.js';

/** Chat lines kept on the page; older ones stay on the server. */
const MOST_CHAT = 200;

const vector = (value, fallback) =>
    Array.isArray(value) && value.length === 3 && value.every(Number.isFinite) ? [...value] : [...fallback];

/**
 * Events out: `users`, `objects` (something in the set changed), `chat` (the list changed), `chat.new` (a message
 * arrived just now), `reset`.
 */
export class World {
    constructor() {
        /** @type {Map<number, any>} by n */
        this.users = new Map();
        /** @type {Map<string, any>} by id */
        this.objects = new Map();
        /** @type {any[]} oldest first */
        this.chat = [];
        this.self_id = null;
        this.self_n = null;
        this.loaded = false;
        this.generation = 0;
        this.listeners = new Map();
    }

    on(type, listener) {
        if (!this.listeners.has(type)) this.listeners.set(type, []);
        this.listeners.get(type).push(listener);
    }

    emit(type, data) {
        for (const listener of this.listeners.get(type) ?? []) listener(data);
    }

    /** Takes every event that concerns the space from a CairnClient. */
    follow(client) {
        client.on('joined', ({ n, resumed }) => {
            this.own_name = client.name ?? 'Guest';
            this.joined(client.player, n, resumed);
        });
        client.on('space.state', (state) => this.state(state));
        client.on('user.joined', (user) => this.putUser(user));
        client.on('user.left', ({ n }) => this.dropUser(n));
        client.on('user.updated', (user) => this.updateUser(user));
        client.on('user.moved', (rows) => this.usersMoved(rows, performance.now()));
        client.on('object.created', (object) => this.putObject(object));
        client.on('object.updated', (object) => this.updateObject(object));
        client.on('object.moved', (rows) => this.objectsMoved(rows));
        client.on('object.deleted', ({ id }) => this.dropObject(id));
        client.on('chat.message', (message) => this.say(message));
        client.on('chat.edited', (edit) => this.editChat(edit));
        client.on('chat.deleted', ({ id }) => this.dropChat(id));
    }

    joined(id, n, resumed) {
        this.self_id = id;
        // Rows that were heard before this belong to numbers of an older stay.
        if (n !== this.self_n) this.users.delete(this.self_n);
        this.self_n = n;
        if (!resumed) this.generation += 1;
    }

    /** One part of the first state. What an older stay knew and no part names any more is gone. */
    state({ chunk = 0, chunks = 1, users = [], objects = [], chat = [] }) {
        if (chunk === 0) {
            this.chat_in_state = [];
            // A state that nobody announced (a server that sends it again) replaces too.
            if (this.loaded_generation === this.generation) this.generation += 1;
        }
        for (const user of users) this.putUser(user, true);
        for (const object of objects) this.putObject(object, true);
        (this.chat_in_state ??= []).push(...chat);
        if (chunk < chunks - 1) return;
        this.loaded_generation = this.generation;
        for (const user of [...this.users.values()]) if (user.generation !== this.generation) this.users.delete(user.n);
        for (const object of [...this.objects.values()]) {
            if (object.generation !== this.generation) this.objects.delete(object.id);
        }
        this.findSelf();
        this.mergeChat(this.chat_in_state);
        this.chat_in_state = [];
        this.loaded = true;
        this.emit('users');
        this.emit('objects');
        this.emit('chat');
        this.emit('reset');
    }

    /** One's own row: by number, by id, or made here when the state left it out. */
    findSelf() {
        if (this.users.has(this.self_n)) return;
        const mine = [...this.users.values()].find((user) => user.id === this.self_id);
        if (mine) this.self_n = mine.n;
        else if (Number.isInteger(this.self_n))
            this.putUser({ n: this.self_n, id: this.self_id, name: this.own_name }, true);
    }

    // ---- people -------------------------------------------------------------------------------------------------

    putUser(user, quiet = false) {
        if (!Number.isInteger(user?.n)) return;
        const known = this.users.get(user.n);
        const kept = known && known.id === user.id ? known : { n: user.n, id: user.id, track: new Track() };
        kept.name = String(user.name ?? known?.name ?? '');
        kept.avatar = user.avatar ?? known?.avatar;
        kept.p = vector(user.p, known?.p ?? [0, 0, 0]);
        kept.r = vector(user.r, known?.r ?? [0, 0, 0]);
        kept.generation = this.generation;
        kept.track.set(kept.p, kept.r);
        this.users.set(user.n, kept);
        if (!quiet) this.emit('users');
    }

    updateUser(change) {
        const user = this.users.get(change.n) ?? [...this.users.values()].find((one) => one.id === change.id);
        if (!user) return;
        if (change.name !== undefined) user.name = String(change.name);
        if (change.avatar !== undefined) user.avatar = change.avatar;
        this.emit('users');
    }

    dropUser(n) {
        if (this.users.delete(n)) this.emit('users');
    }

    /** Rows `[n, x,y,z, rx,ry,rz, ts]`; `now` is when they came, in the clock that views draw by. */
    usersMoved(rows, now) {
        if (!Array.isArray(rows)) return;
        for (const [n, x, y, z, rx, ry, rz, ts] of rows) {
            const user = this.users.get(n);
            // One's own row comes back late; where one stands is known better here.
            if (!user || n === this.self_n) continue;
            user.p = vector([x, y, z], user.p);
            user.r = vector([rx, ry, rz], user.r);
            user.track.push(user.p, user.r, ts, now);
        }
    }

    get self() {
        return this.users.get(this.self_n) ?? null;
    }

    // ---- objects ------------------------------------------------------------------------------------------------

    putObject(object, quiet = false) {
        if (typeof object?.id !== 'string') return;
        const known = this.objects.get(object.id) ?? {};
        this.objects.set(object.id, {
            ...known,
            ...object,
            name: String(object.name ?? known.name ?? ''),
            type: String(object.type ?? known.type ?? 'primitive'),
            p: vector(object.p, known.p ?? [0, 0.5, 0]),
            r: vector(object.r, known.r ?? [0, 0, 0]),
            s: vector(object.s, known.s ?? [1, 1, 1]),
            properties: properties(object.properties ?? known.properties),
            generation: this.generation,
        });
        if (!quiet) this.emit('objects');
    }

    updateObject(change) {
        if (this.objects.has(change?.id)) this.putObject(change);
    }

    /** Rows `[id, p, r, s, n, ts]`; parts that did not change may be null. */
    objectsMoved(rows) {
        if (!Array.isArray(rows)) return;
        for (const [id, p, r, s] of rows) {
            const object = this.objects.get(id);
            if (!object) continue;
            object.p = vector(p, object.p);
            object.r = vector(r, object.r);
            object.s = vector(s, object.s);
        }
    }

    dropObject(id) {
        if (this.objects.delete(id)) this.emit('objects');
    }

    // ---- chat ---------------------------------------------------------------------------------------------------

    say(message) {
        if (message?.id === undefined || this.chat.some((line) => line.id === message.id)) return;
        const line = chatLine(message);
        this.chat.push(line);
        if (this.chat.length > MOST_CHAT) this.chat.shift();
        this.emit('chat');
        this.emit('chat.new', line);
    }

    mergeChat(messages) {
        // The state says what the chat is; what came as an event while its parts were on their way is newer than it.
        const newest = messages.reduce((most, message) => Math.max(most, message.at ?? 0), 0);
        const lines = new Map(messages.map((message) => [message.id, chatLine(message)]));
        for (const line of this.chat) if (!lines.has(line.id) && line.at > newest) lines.set(line.id, line);
        this.chat = [...lines.values()].sort((a, b) => a.at - b.at).slice(-MOST_CHAT);
    }

    editChat({ id, message }) {
        const line = this.chat.find((one) => one.id === id);
        if (!line) return;
        line.message = String(message);
        line.edited = true;
        this.emit('chat');
    }

    dropChat(id) {
        const before = this.chat.length;
        this.chat = this.chat.filter((line) => line.id !== id);
        if (this.chat.length !== before) this.emit('chat');
    }
}

function chatLine(message) {
    return {
        id: message.id,
        n: message.n,
        user: message.user,
        name: String(message.name ?? ''),
        message: String(message.message ?? ''),
        at: Number.isFinite(message.at) ? message.at : Date.now(),
        edited: Boolean(message.edited_at),
    };
}

/** Some stores hand JSON back as text. */
function properties(value) {
    if (typeof value === 'string') {
        try {
            value = JSON.parse(value);
        } catch {
            value = null;
        }
    }
    return value && typeof value === 'object' && !Array.isArray(value) ? value : {};
}
