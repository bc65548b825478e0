// Short notes that come and go: above all the reason when something was refused, and what helps.

const STAY_MS = 6500;
const MOST = 3;

/** What somebody can do about it, when the server's own sentence does not say. */
const CURES = {
    rate_limited: 'Wait a moment, then go on.',
    too_large: 'Make it shorter and send it again.',
    forbidden: 'Ask somebody who may do it.',
    not_found: 'It may have been deleted by somebody else.',
    conflict: 'Somebody else was faster; look again and repeat.',
    unavailable: 'The server is busy; try again in a moment.',
    not_ready: 'The server is still starting; try again in a moment.',
    full: 'Wait until somebody leaves, or use another room.',
    timeout: 'Look whether it happened before you try again.',
    unauthenticated: 'Reload the page to come in again.',
};

const DOINGS = {
    'object.create': 'Not placed',
    'object.move': 'Not moved',
    'object.update': 'Not changed',
    'object.delete': 'Not deleted',
    'chat.send': 'Not sent',
    'chat.edit': 'Not edited',
    'chat.delete': 'Not deleted',
    'user.update': 'Name not changed',
    'user.move': 'You cannot go there',
    'space.join': 'Not let in',
    hello: 'Not let in',
};

export class Toasts {
    constructor(root) {
        this.root = root;
        this.shown = new Map();
    }

    /** @param {{title: string, text?: string, cure?: string, good?: boolean}} note */
    show({ title, text = '', cure = '', good = false }) {
        const key = `${title}\n${text}`;
        const same = this.shown.get(key);
        if (same) {
            // The same again: it stays longer instead of being stacked, and says the newest waiting time.
            if (cure) same.cure.textContent = cure;
            clearTimeout(same.timer);
            same.timer = setTimeout(() => this.drop(key), STAY_MS);
            return;
        }
        const toast = document.createElement('div');
        toast.className = good ? 'toast good' : 'toast';
        const body = document.createElement('div');
        const cure_line = line('span', cure, 'cure');
        body.append(line('strong', title));
        if (text) body.append(line('span', `${text} `));
        body.append(cure_line);
        const close = line('button', '×');
        close.type = 'button';
        close.setAttribute('aria-label', 'Close this note');
        close.addEventListener('click', () => this.drop(key));
        toast.append(body, close);
        this.root.append(toast);
        this.shown.set(key, { toast, cure: cure_line, timer: setTimeout(() => this.drop(key), STAY_MS) });
        for (const oldest of this.shown.keys()) {
            if (this.shown.size <= MOST) break;
            this.drop(oldest);
        }
    }

    /** A refusal: what did not happen, the server's reason, and the cure. */
    refused(error, doing) {
        const seconds = Math.ceil((error.retry_after_ms ?? 0) / 1000);
        this.show({
            title: DOINGS[doing] ?? 'Refused',
            text: error.message,
            cure: seconds > 0 ? `You can go on in ${seconds} s.` : (CURES[error.code] ?? ''),
        });
    }

    drop(key) {
        const { toast, timer } = this.shown.get(key) ?? {};
        clearTimeout(timer);
        toast?.remove();
        this.shown.delete(key);
    }
}

function line(tag, text, name = '') {
    const element = document.createElement(tag);
    element.className = name;
    element.textContent = text;
    return element;
}
