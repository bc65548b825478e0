// Which room, which server, who I am in this tab.
import { CairnClient } from '../client/cairn.js';

export const DEFAULT_ROOM = 'main';
const NAME_KEY = 'cairn.name';
const TOKEN_KEY = 'cairn.session';

/** `?space=NAME` or `#NAME`: a link is a room. */
export function roomOf(location) {
    const asked = new URLSearchParams(location.search).get('space') ?? '';
    let hash = location.hash.slice(1);
    try {
        hash = decodeURIComponent(hash);
    } catch {
        // A stray % in a link that somebody typed: take it as it stands.
    }
    return asked.trim() || hash.trim() || DEFAULT_ROOM;
}

/** The link that brings somebody into this room. */
export function linkTo(room, location) {
    const link = new URL(location.href);
    link.search = '';
    link.hash = '';
    if (room !== DEFAULT_ROOM) link.searchParams.set('space', room);
    return link.href;
}

export function socketUrl(location) {
    return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/ws`;
}

/** Storage that may be switched off by the browser: then this page simply remembers nothing. */
function remember(store, key, value) {
    try {
        if (value === null) store().removeItem(key);
        else store().setItem(key, value);
    } catch {
        // Private mode or a full disk.
    }
}

function recall(store, key) {
    try {
        return store().getItem(key);
    } catch {
        return null;
    }
}

const forTab = () => window.sessionStorage;
const forBrowser = () => window.localStorage;

export const storedName = () => recall(forBrowser, NAME_KEY) ?? '';
export const storeName = (name) => remember(forBrowser, NAME_KEY, name || null);

/** Each tab is a guest of its own, so the token lives as long as the tab. */
function tabStorage() {
    let kept = null;
    try {
        kept = JSON.parse(recall(forTab, TOKEN_KEY) ?? 'null');
    } catch {
        // Not ours; it is overwritten with the next token.
    }
    return {
        load: () => kept,
        save: (session) => {
            kept = session;
            remember(forTab, TOKEN_KEY, session === null ? null : JSON.stringify(session));
        },
    };
}

export function createSession(location) {
    const client = new CairnClient({
        url: socketUrl(location),
        space: roomOf(location),
        name: storedName() || null,
        storage: tabStorage(),
        client: 'cairn-world-page/0.1',
    });
    client.on('state', (now) => {
        // A name that this server does not take must not lock its owner out: come without one and say why.
        if (now.state !== 'refused' || !client.name || !/name$/.test(now.error?.field ?? '')) return;
        storeName('');
        client.name = null;
        client.connect();
    });
    // The badge tells the round trip; the first heartbeat would be half a minute away.
    client.on('joined', () => client.probe());
    // The network came back, or the lid was opened: do not wait for the next heartbeat to find out.
    window.addEventListener('online', () => client.probe());
    document.addEventListener('visibilitychange', () => document.hidden || client.probe());
    return client;
}
