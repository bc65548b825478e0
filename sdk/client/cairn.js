/**
 * A client of Cairn's native protocol, cairn.v1+json, for browsers and for programs (Node 22 has a WebSocket; older
 * ones pass their own as `options.WebSocket`). No dependency; one file.
 *
 *     const client = new CairnClient({ url: 'ws://127.0.0.1:8080/ws', space: 'main', name: 'Ada' });
 *     client.on('chat.message', (message) => console.log(message.name, message.message));
 *     client.connect();
 *     await client.joined();
 *     await client.request('chat.send', { message: 'hello' });
 *
 * What it promises:
 *  - `hello` is the first frame of every connection; the resume token goes to the storage that the caller gave.
 *  - A lost connection is made again, later and later (with jitter, so that a thousand clients do not come back in
 *    the same millisecond), and never earlier than the server's `bye.reconnect_after_ms`.
 *  - A request is sent again after a lost connection only where twice is the same as once: what `isRepeatable` says, and
 *    what the server does once per operation id (`isOnce`), which this client adds by itself. All others fail with code
 *    `disconnected`, because nobody but the caller can know whether doing it again is right.
 *  - A refusal is a `CairnError` with the server's code, message, field and retry_after_ms, never a silent nothing.
 */

/** The subprotocol that is offered in the WebSocket handshake. */
export const PROTOCOL = 'cairn.v1+json';

/**
 * Close codes after which coming back by itself would be wrong: 4403 will not change its mind, and after 4409 the
 * same player is here from another window (coming back would throw that one out, and so on for ever).
 */
const FINAL_CLOSE = new Set([4403, 4409]);

/** Refusals of `hello` or of the first join that time can cure. All others need a person. */
const PASSING_CODES = new Set(['rate_limited', 'full', 'not_ready', 'unavailable', 'internal']);

const DEFAULTS = {
    backoff: { first_ms: 400, most_ms: 10000, factor: 1.8 },
    hello_timeout_ms: 8000,
    request_timeout_ms: 15000,
    ping_timeout_ms: 10000,
    steady_after_ms: 5000,
    client: 'cairn.js/0.1',
};

/** A request that was refused, by the server or (codes `disconnected`, `timeout`, `closed`) by this client. */
export class CairnError extends Error {
    /**
     * @param {{code: string, message: string, field?: string, retry_after_ms?: number, trace?: string, type?:
     * string}} what
     */
    constructor(what) {
        super(what.message || what.code);
        this.name = 'CairnError';
        this.code = what.code;
        this.field = what.field;
        this.retry_after_ms = what.retry_after_ms;
        this.trace = what.trace;
        /** The message type that was refused, where it is known. */
        this.type = what.type;
    }
}

/**
 * Whether sending the same request twice leaves the same world as sending it once. `object.create` does when the
 * client made the id; what it only reads or sets does; what adds (chat.send) does not.
 * @param {string} type
 * @param {any} data
 */
export function isRepeatable(type, data) {
    switch (type) {
        case 'object.create':
            return typeof data?.id === 'string';
        case 'object.move':
        case 'object.update':
        case 'object.delete':
        case 'object.list':
        case 'chat.history':
        case 'chat.edit':
        case 'chat.delete':
        case 'user.update':
            return true;
        default:
            return false;
    }
}

/**
 * Whether the server does such a request once however often it comes with the same `op` (docs/protocol.md): everything
 * that is on disk when it is answered.
 * @param {string} type
 * @param {any} data
 */
export function isOnce(type, data) {
    switch (type) {
        case 'object.create':
        case 'object.update':
        case 'object.delete':
        case 'chat.send':
        case 'chat.edit':
        case 'chat.delete':
            return true;
        case 'object.move':
            return data?.final === true;
        default:
            return false;
    }
}

/**
 * How long to wait before connection attempt number `attempt` (0 = the first one after a loss), in ms: exponential,
 * the upper half of it random, and never less than the server asked for.
 * @param {number} attempt
 * @param {{first_ms: number, most_ms: number, factor: number}} backoff
 * @param {number} [asked_ms] the server's `reconnect_after_ms`
 * @param {() => number} [random] in [0, 1)
 */
export function reconnectDelay(attempt, backoff, asked_ms = 0, random = Math.random) {
    const full = Math.min(backoff.most_ms, backoff.first_ms * backoff.factor ** Math.min(attempt, 30));
    const own = full / 2 + (full / 2) * random();
    // The server's figure is a floor; what is spread on top keeps a crowd from arriving together.
    return Math.round(asked_ms > 0 ? Math.max(own, asked_ms + Math.min(asked_ms / 4, 1000) * random()) : own);
}

/** Keeps the session in memory only: a new program is a new guest. */
class MemoryStorage {
    #session = null;
    load() {
        return this.#session;
    }
    save(session) {
        this.#session = session;
    }
}

export class CairnClient {
    #options;
    #listeners = new Map();
    #socket = null;
    #state = { state: 'idle', attempt: 0 };
    #wanted = false;
    #welcomed = false;
    #joined = false;
    #attempt = 0;
    #connected_at = 0;
    #bye = null;
    #hello_error = null;
    #join_attempt = 0;
    #fresh_identity_tried = false;
    #next_id = 1;
    #pending = new Map();
    /** Begins the operation ids of this object; no other has the same. */
    #operations = [0, 0, 0].map(() => Math.floor(Math.random() * 2 ** 32).toString(36)).join('');
    #timers = { retry: 0, hello: 0, beat: 0, pong: 0, join: 0 };
    #heard = false;
    #last_s = null;
    #last_space = null;
    #clock_offset = 0;

    /** @param {import('./cairn.js').CairnOptions} options */
    constructor(options) {
        if (!options?.url) throw new TypeError('CairnClient needs options.url, for example ws://127.0.0.1:8080/ws');
        this.#options = { ...DEFAULTS, ...options, backoff: { ...DEFAULTS.backoff, ...options.backoff } };
        this.#options.storage ??= new MemoryStorage();
        this.#options.WebSocket ??= globalThis.WebSocket;
        if (!this.#options.WebSocket) {
            throw new TypeError(
                'this platform has no WebSocket: pass one as options.WebSocket (Node 22 has it built in)',
            );
        }
        this.space = options.space ?? null;
        this.name = options.name ?? null;
        /** The last `welcome`, or null. */
        this.welcome = null;
        /** This player's id and number in the space, as the server said. */
        this.player = null;
        this.n = null;
        /** Round trip of the last heartbeat in ms, or null. */
        this.rtt_ms = null;
    }

    /**
     * `{state, attempt, code?, reason?, retry_at?, retry_in_ms?, error?}`; state is one of idle, connecting,
     * connected, waiting, refused, closed.
     */
    get state() {
        return this.#state;
    }

    /** True between the server's yes to the space and the end of that connection. */
    get in_space() {
        return this.#joined;
    }

    /** The server's clock in ms since 1970, as far as known. */
    serverTime() {
        return Date.now() + this.#clock_offset;
    }

    /**
     * Listens to an event of the server by its name (`chat.message`), to `*` for all of them (`(data, event)`), or
     * to one of the client's own: `state` (see `state`), `joined` ({space, n, resumed}), `refused` (a CairnError
     * that no request waits for), `rtt` (ms).
     * @param {string} type
     * @param {(data: any, event?: any) => void} listener
     * @returns {() => void} call it to stop listening
     */
    on(type, listener) {
        if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
        this.#listeners.get(type).add(listener);
        return () => this.#listeners.get(type)?.delete(listener);
    }

    /** Connects and stays connected until `close`. Also the way back from `refused`, and out of a wait. */
    connect() {
        this.#wanted = true;
        if (this.#socket) return;
        this.#clear('retry');
        if (this.#state.state === 'refused') this.#attempt = 0;
        this.#open();
    }

    /** Ends the connection for good; requests still waiting fail with code `closed`. */
    close() {
        this.#wanted = false;
        const socket = this.#socket;
        this.#forgetSocket();
        if (socket) quietly(() => socket.close(1000, 'closed by the client'));
        this.#failPending(() => true, 'closed', 'The connection was closed here before the server answered.');
        this.#setState({ state: 'closed', attempt: 0 });
    }

    /** Forgets who this was: the next connection is a new guest. Call it before `connect`. */
    forget() {
        this.#last_s = null;
        this.#last_space = null;
        this.#options.storage.save(null);
    }

    /**
     * Asks whether the connection is still alive (after the machine slept, say) and makes a new one when no frame
     * comes back in time. While waiting for a reconnect it connects at once.
     */
    probe() {
        if (this.#state.state === 'waiting') this.connect();
        else if (this.#welcomed) this.#beat();
    }

    /** Resolves once in the space; rejects when the server refuses for good. */
    joined() {
        if (this.#joined) return Promise.resolve();
        return new Promise((resolve, reject) => {
            const stop = [
                this.on('joined', () => settle(resolve)),
                this.on('state', (now) => {
                    if (now.state === 'refused' || now.state === 'closed') {
                        const why = { code: now.state, message: now.reason ?? 'The client was closed.' };
                        settle(() => reject(now.error ?? new CairnError(why)));
                    }
                }),
            ];
            const settle = (then) => {
                for (const off of stop) off();
                then();
            };
        });
    }

    /**
     * Sends a request and waits for its reply.
     * @param {string} type for example `object.create`
     * @param {any} [data]
     * @param {{timeout_ms?: number, repeat?: boolean}} [options] `repeat` overrules `isOnce` and `isRepeatable` for the
     * resend after a reconnect
     * @returns {Promise<any>} the reply's `d`; rejects with a CairnError
     */
    request(type, data = {}, options = {}) {
        if (!this.#welcomed) {
            const message = 'Not connected, so nothing was sent. It can be tried again once the connection is back.';
            return Promise.reject(new CairnError({ code: 'disconnected', message, type }));
        }
        const id = this.#next_id++;
        if (isOnce(type, data) && data.op === undefined) data = { ...data, op: `${this.#operations}-${id}` };
        const repeat = options.repeat ?? (isOnce(type, data) || isRepeatable(type, data));
        const actor = this.player;
        return new Promise((resolve, reject) => {
            const timeout_ms = options.timeout_ms ?? this.#options.request_timeout_ms;
            const timer = setTimeout(() => {
                this.#pending.delete(id);
                reject(
                    new CairnError({
                        code: 'timeout',
                        message: `The server did not answer within ${timeout_ms} ms.`,
                        type,
                    }),
                );
            }, timeout_ms);
            this.#pending.set(id, { type, data, actor, repeat, resent: false, timer, resolve, reject });
            this.#write({ t: type, id, d: data });
        });
    }

    /**
     * Sends without asking for a reply. A refusal comes as the event `refused`.
     * @returns {boolean} false when there is no connection (nothing was sent, nothing is kept)
     */
    send(type, data = {}) {
        if (!this.#welcomed) return false;
        return this.#write({ t: type, d: data });
    }

    /** Goes to another space; later reconnects come back to this one. */
    async join(space) {
        const reply = await this.request('space.join', { space });
        this.space = space;
        this.#enter(reply?.space ?? space, reply?.n, false);
        return reply;
    }

    // ---- connection ------------------------------------------------------------------------------------------------

    #open() {
        this.#bye = null;
        this.#hello_error = null;
        this.#join_attempt = 0;
        this.#setState({ state: 'connecting', attempt: this.#attempt });
        let socket;
        try {
            socket = new this.#options.WebSocket(this.#options.url, [PROTOCOL]);
        } catch (error) {
            // A malformed address: trying again cannot help.
            this.#setState({
                state: 'refused',
                attempt: this.#attempt,
                code: 0,
                reason: String(error?.message ?? error),
            });
            this.#wanted = false;
            return;
        }
        this.#socket = socket;
        this.#timers.hello = setTimeout(
            () => this.#lose(0, 'The server did not answer in time.'),
            this.#options.hello_timeout_ms,
        );
        socket.onopen = () => socket === this.#socket && this.#sayHello();
        socket.onmessage = (event) => socket === this.#socket && this.#hear(event.data);
        socket.onclose = (event) => socket === this.#socket && this.#lose(event.code, event.reason);
        // The close event follows and says all that a browser tells.
        socket.onerror = () => {};
    }

    #sayHello() {
        const hello = { client: this.#options.client };
        if (this.name) hello.name = this.name;
        if (this.#options.token) hello.token = this.#options.token;
        if (this.space) hello.space = this.space;
        const token = this.#options.storage.load()?.token;
        if (token) {
            hello.resume = { token };
            // `last` says "I still hold the space up to here". A client that has just been started holds nothing,
            // and one that goes to another space neither; both leave it out and are given the whole state.
            if (this.#last_s !== null && this.#last_space === this.space) hello.resume.last = this.#last_s;
        }
        this.#write({ t: 'hello', d: hello });
    }

    #hear(text) {
        this.#heard = true;
        let frame;
        try {
            frame = JSON.parse(text);
        } catch {
            return this.#lose(1007, 'The server sent a frame that is not JSON.');
        }
        if (frame.re !== undefined) return this.#settle(frame);
        if (typeof frame.t !== 'string') return;
        if (Number.isInteger(frame.s)) this.#last_s = frame.s;
        const data = frame.d ?? {};
        if (frame.t === 'welcome') this.#greet(data);
        else if (frame.t === 'bye') this.#bye = data;
        else if (frame.t === 'error') return this.#refuse(data);
        else if (frame.t === 'space.state' && !this.#joined && this.#welcomed)
            this.#enter(data.space ?? this.space, data.n, false);
        this.#emit(frame.t, data, frame);
        this.#emit('*', data, frame);
    }

    #greet(welcome) {
        this.#clear('hello');
        this.welcome = welcome;
        this.player =
            typeof welcome.player === 'object' && welcome.player !== null ? welcome.player.id : welcome.player;
        this.#welcomed = true;
        this.#connected_at = Date.now();
        if (Number.isFinite(welcome.server_time)) this.#clock_offset = welcome.server_time - Date.now();
        if (!welcome.resumed) this.#last_s = null;
        const token =
            typeof welcome.resume === 'object' && welcome.resume !== null ? welcome.resume.token : welcome.resume;
        if (token) this.#options.storage.save({ token, player: this.player });
        this.#startBeating(welcome.heartbeat_ms);
        this.#setState({ state: 'connected', attempt: 0 });
        if (welcome.space || (this.space && welcome.n !== undefined && welcome.n !== null)) {
            this.#enter(welcome.space ?? this.space, welcome.n, Boolean(welcome.resumed));
        } else if (!this.space) {
            this.#resend();
        }
    }

    #enter(space, n, resumed) {
        this.#joined = true;
        this.#join_attempt = 0;
        this.#clear('join');
        this.space = space;
        this.#last_space = space;
        if (n !== undefined && n !== null) this.n = n;
        this.#emit('joined', { space, n: this.n, resumed });
        this.#resend();
    }

    /**
     * An `error` event: a refusal that no request waits for. Before the join is through it decides over the
     * connection.
     */
    #refuse(data) {
        const error = new CairnError({ code: 'internal', message: '', ...data, type: data.re_t ?? data.type });
        const about_entry = !error.type || error.type === 'hello' || error.type === 'space.join';
        if (!this.#welcomed) {
            this.#hello_error = error;
            // The server closes after it; a server that does not would leave this hanging.
            this.#clear('hello');
            this.#timers.hello = setTimeout(() => this.#lose(0, error.message), 1000);
        } else if (this.space && !this.#joined && about_entry) {
            this.#joinRefused(error);
        } else {
            this.#emit('refused', error);
        }
    }

    /** Connected, but the space said no: wait at its door when that can help, else stop. */
    #joinRefused(error) {
        if (!PASSING_CODES.has(error.code)) {
            this.#hello_error = error;
            return this.#lose(0, error.message);
        }
        const wait = reconnectDelay(
            this.#join_attempt++,
            { first_ms: 2000, most_ms: 15000, factor: 1.5 },
            error.retry_after_ms,
            this.#options.random,
        );
        this.#setState({
            state: 'waiting',
            attempt: this.#join_attempt,
            reason: error.message,
            error,
            retry_in_ms: wait,
            retry_at: Date.now() + wait,
        });
        this.#clear('join');
        this.#timers.join = setTimeout(() => {
            this.#setState({ state: 'connecting', attempt: this.#join_attempt });
            this.request('space.join', { space: this.space }).then(
                (reply) => {
                    this.#setState({ state: 'connected', attempt: 0 });
                    if (!this.#joined) this.#enter(reply?.space ?? this.space, reply?.n, false);
                },
                (refusal) => this.#welcomed && this.#joinRefused(refusal),
            );
        }, wait);
    }

    /** The connection is gone, whoever ended it. Decides between waiting and giving up. */
    #lose(code, reason) {
        const bye = this.#bye;
        const error = this.#hello_error;
        const final_code = bye?.code ?? code;
        const was_steady = this.#welcomed && Date.now() - this.#connected_at >= this.#options.steady_after_ms;
        const was_welcomed = this.#welcomed;
        const socket = this.#socket;
        this.#forgetSocket();
        if (socket) quietly(() => socket.close());
        this.#failPending(
            (request) => !request.repeat,
            'disconnected',
            'The connection broke before the server answered, so it may or may not have happened. Look first.',
        );
        for (const request of this.#pending.values()) request.lost = true;
        if (!this.#wanted) return;
        if (was_steady) this.#attempt = 0;

        const why =
            error?.message ||
            bye?.reason ||
            reason ||
            (was_welcomed ? 'The connection was lost.' : 'The server cannot be reached.');
        const unauthenticated = final_code === 4401 || error?.code === 'unauthenticated';
        if (unauthenticated && this.#options.storage.load() && !this.#fresh_identity_tried) {
            // The resume token has run out or was signed by a server that is no more: come once as somebody new.
            this.#fresh_identity_tried = true;
            this.forget();
            return this.#open();
        }
        const refused_for_good =
            FINAL_CLOSE.has(final_code) || unauthenticated || (error && !PASSING_CODES.has(error.code));
        if (refused_for_good) {
            this.#wanted = false;
            this.#failPending(() => true, 'closed', why);
            return this.#setState({ state: 'refused', attempt: this.#attempt, code: final_code, reason: why, error });
        }
        if (was_welcomed) this.#fresh_identity_tried = false;
        const asked = bye?.reconnect_after_ms ?? error?.retry_after_ms ?? 0;
        const wait = reconnectDelay(this.#attempt, this.#options.backoff, asked, this.#options.random);
        this.#attempt += 1;
        this.#setState({
            state: 'waiting',
            attempt: this.#attempt,
            code: final_code,
            reason: why,
            error: error ?? undefined,
            retry_in_ms: wait,
            retry_at: Date.now() + wait,
        });
        this.#timers.retry = setTimeout(() => this.#wanted && !this.#socket && this.#open(), wait);
    }

    #forgetSocket() {
        for (const name of Object.keys(this.#timers)) this.#clear(name);
        this.#socket = null;
        this.#welcomed = false;
        this.#joined = false;
    }

    // ---- heartbeat -------------------------------------------------------------------------------------------------

    #startBeating(heartbeat_ms) {
        const every = Number.isFinite(heartbeat_ms) && heartbeat_ms >= 1000 ? heartbeat_ms : 25000;
        this.#clear('beat');
        this.#timers.beat = setInterval(() => this.#beat(), every);
    }

    #beat() {
        if (this.#timers.pong) return;
        const sent = Date.now();
        this.#heard = false;
        this.#timers.pong = setTimeout(() => {
            this.#timers.pong = 0;
            // Any frame is a sign of life; only silence ends the connection.
            if (!this.#heard) this.#lose(4408, 'The server has gone silent.');
        }, this.#options.ping_timeout_ms);
        this.request('ping', { ts: sent }, { timeout_ms: this.#options.ping_timeout_ms }).then(
            (reply) => {
                this.#clear('pong');
                const now = Date.now();
                this.rtt_ms = now - sent;
                if (Number.isFinite(reply?.server_time)) this.#clock_offset = reply.server_time + this.rtt_ms / 2 - now;
                this.#emit('rtt', this.rtt_ms);
            },
            (error) => {
                // A refusal is an answer too.
                if (error.code !== 'timeout') this.#clear('pong');
            },
        );
    }

    // ---- requests --------------------------------------------------------------------------------------------------

    #settle(frame) {
        const request = this.#pending.get(frame.re);
        if (!request) return;
        this.#pending.delete(frame.re);
        clearTimeout(request.timer);
        const { type } = request;
        if (!frame.err) return request.resolve(frame.d ?? {});
        if (request.resent) {
            // The first sending had done it already.
            if (frame.err.code === 'conflict' && type === 'object.create')
                return request.resolve({ id: request.data.id });
            if (frame.err.code === 'not_found' && (type === 'object.delete' || type === 'chat.delete'))
                return request.resolve({});
        }
        request.reject(new CairnError({ code: 'internal', message: '', ...frame.err, type }));
    }

    #resend() {
        // Operation ids count per player: somebody new must not do again what he did as another.
        this.#failPending(
            ({ lost, actor, type, data }) => lost && actor !== this.player && !isRepeatable(type, data),
            'disconnected',
            'The server did not know you any more, so it may or may not have happened. Look first.',
        );
        for (const [id, request] of this.#pending) {
            if (!request.lost) continue;
            request.lost = false;
            request.resent = true;
            this.#write({ t: request.type, id, d: request.data });
        }
    }

    #failPending(which, code, message) {
        for (const [id, request] of this.#pending) {
            if (!which(request)) continue;
            this.#pending.delete(id);
            clearTimeout(request.timer);
            request.reject(new CairnError({ code, message, type: request.type }));
        }
    }

    #write(frame) {
        if (!this.#socket || this.#socket.readyState !== 1) return false;
        this.#socket.send(JSON.stringify(frame));
        return true;
    }

    // ---- small things ----------------------------------------------------------------------------------------------

    #setState(state) {
        this.#state = state;
        this.#emit('state', state);
    }

    #emit(type, data, event) {
        for (const listener of this.#listeners.get(type) ?? []) listener(data, event);
    }

    #clear(name) {
        clearTimeout(this.#timers[name]);
        this.#timers[name] = 0;
    }
}

function quietly(action) {
    try {
        action();
    } catch {
        // Closing a socket that is already closed.
    }
}
