/** Types of cairn.js: the client of Cairn's native protocol, cairn.v1+json. */

/** `[x, y, z]`, metres. */
export type Vector = [number, number, number];

export type ErrorCode =
    | 'bad_request'
    | 'invalid_field'
    | 'unauthenticated'
    | 'forbidden'
    | 'not_found'
    | 'conflict'
    | 'too_large'
    | 'rate_limited'
    | 'full'
    | 'not_ready'
    | 'unavailable'
    | 'unsupported'
    | 'internal'
    /** Made by this client, not by the server. */
    | 'disconnected'
    | 'timeout'
    | 'closed';

export interface User {
    n: number;
    id: string;
    name: string;
    avatar?: unknown;
    p: Vector;
    /** Euler angles in radians. */
    r: Vector;
}

export interface WorldObject {
    id: string;
    name: string;
    type: 'model' | 'primitive' | 'light' | 'camera';
    p: Vector;
    r: Vector;
    s: Vector;
    model_url?: string;
    properties?: Record<string, unknown>;
}

export interface ChatMessage {
    id: string;
    n?: number;
    /** The sender's user id. */
    user: string;
    name: string;
    message: string;
    /** ms since 1970, UTC. */
    at: number;
    channel?: string;
    edited_at?: number;
}

export interface SpaceState {
    space: string;
    /** 0-based number of this part of `chunks`. */
    chunk: number;
    chunks: number;
    users?: User[];
    objects?: WorldObject[];
    chat?: ChatMessage[];
}

export interface Welcome {
    player: string;
    n?: number;
    resume?: string;
    space?: string;
    heartbeat_ms: number;
    limits?: Record<string, unknown>;
    features?: string[];
    server_time: number;
    /** True: the events missed follow and nothing else was lost. False: the whole state follows. */
    resumed?: boolean;
    missed?: number;
}

/** `[n, x, y, z, rx, ry, rz, ts]` */
export type MoveRow = [number, number, number, number, number, number, number, number?];
/** `[id, p, r, s, n, ts]` */
export type ObjectMoveRow = [string, Vector, Vector, Vector, number?, number?];

export interface ClientState {
    /** `waiting`: between two attempts. `refused`: for good, until `connect` is called again. */
    state: 'idle' | 'connecting' | 'connected' | 'waiting' | 'refused' | 'closed';
    attempt: number;
    /** WebSocket close code, or the code of the server's `bye`. */
    code?: number;
    reason?: string;
    error?: CairnError;
    retry_in_ms?: number;
    /** ms since 1970. */
    retry_at?: number;
}

export interface ClientEvents {
    state: ClientState;
    joined: { space: string; n: number | null; resumed: boolean };
    /** A refusal of something sent without an id. */
    refused: CairnError;
    /** Round trip of a heartbeat in ms. */
    rtt: number;
    welcome: Welcome;
    bye: { code: number; reason: string; reconnect_after_ms?: number; alternatives?: string[] };
    'space.state': SpaceState;
    'user.joined': User;
    'user.left': { n: number; id: string; reason?: string };
    'user.moved': MoveRow[];
    'user.updated': Partial<User> & { n: number };
    'object.created': WorldObject;
    'object.moved': ObjectMoveRow[];
    'object.updated': Partial<WorldObject> & { id: string };
    'object.deleted': { id: string };
    'chat.message': ChatMessage;
    'chat.edited': { id: string; message: string; edited_at?: number };
    'chat.deleted': { id: string };
    '*': unknown;
}

export interface Requests {
    'space.join': [{ space: string }, { space: string; n: number }];
    'space.leave': [Record<string, never>, unknown];
    'user.update': [{ name?: string; avatar?: unknown }, unknown];
    'object.create': [Partial<WorldObject> & Pick<WorldObject, 'name' | 'type' | 'p'>, { id: string }];
    'object.move': [{ id: string; p?: Vector; r?: Vector; s?: Vector; final?: boolean }, unknown];
    'object.update': [Partial<WorldObject> & { id: string }, unknown];
    'object.delete': [{ id: string }, unknown];
    'object.list': [{ after?: string; limit?: number; filter?: unknown }, { objects: WorldObject[] }];
    'chat.send': [{ message: string; channel?: string; attachment?: unknown }, { id: string }];
    'chat.history': [{ before?: string | number; limit?: number }, unknown];
    'chat.edit': [{ id: string; message: string }, unknown];
    'chat.delete': [{ id: string }, unknown];
    ping: [{ ts: number }, { ts: number; server_time: number }];
}

/** Where the resume token is kept. Synchronous, so that `sessionStorage` fits. */
export interface SessionStorage {
    load(): { token: string; player?: string } | null;
    save(session: { token: string; player?: string } | null): void;
}

export interface CairnOptions {
    /** For example `ws://127.0.0.1:8080/ws`. */
    url: string;
    /** Joined together with `hello`; without it the client is connected and in no space. */
    space?: string | null;
    name?: string | null;
    /** A login token, when the server wants one. Guests need none. */
    token?: string;
    /** Default: memory, so a new program is a new guest. */
    storage?: SessionStorage;
    /** Default: the platform's own. */
    WebSocket?: new (url: string, protocols: string[]) => any;
    /** What this program calls itself in `hello`. */
    client?: string;
    backoff?: { first_ms?: number; most_ms?: number; factor?: number };
    hello_timeout_ms?: number;
    request_timeout_ms?: number;
    ping_timeout_ms?: number;
    /** A connection that held this long starts the backoff anew. */
    steady_after_ms?: number;
    /** In [0, 1); for tests. */
    random?: () => number;
}

export declare const PROTOCOL: 'cairn.v1+json';

export declare class CairnError extends Error {
    constructor(what: {
        code: string;
        message: string;
        field?: string;
        retry_after_ms?: number;
        trace?: string;
        type?: string;
    });
    code: ErrorCode | string;
    field?: string;
    retry_after_ms?: number;
    trace?: string;
    type?: string;
}

export declare function isRepeatable(type: string, data?: any): boolean;
/** Whether the server does such a request once however often it comes with the same `op`. */
export declare function isOnce(type: string, data?: any): boolean;
export declare function reconnectDelay(
    attempt: number,
    backoff: { first_ms: number; most_ms: number; factor: number },
    asked_ms?: number,
    random?: () => number,
): number;

export declare class CairnClient {
    constructor(options: CairnOptions);
    space: string | null;
    name: string | null;
    readonly welcome: Welcome | null;
    readonly player: string | null;
    readonly n: number | null;
    readonly rtt_ms: number | null;
    readonly state: ClientState;
    readonly in_space: boolean;
    serverTime(): number;
    on<K extends keyof ClientEvents>(type: K, listener: (data: ClientEvents[K], event?: any) => void): () => void;
    on(type: string, listener: (data: any, event?: any) => void): () => void;
    connect(): void;
    close(): void;
    forget(): void;
    probe(): void;
    joined(): Promise<void>;
    request<K extends keyof Requests>(
        type: K,
        data?: Requests[K][0],
        options?: { timeout_ms?: number; repeat?: boolean },
    ): Promise<Requests[K][1]>;
    request(type: string, data?: any, options?: { timeout_ms?: number; repeat?: boolean }): Promise<any>;
    send(type: string, data?: any): boolean;
    join(space: string): Promise<{ space: string; n: number }>;
}
