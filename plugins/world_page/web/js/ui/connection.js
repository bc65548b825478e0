// The badge that says how the connection is, and what happens next.
import { DEFAULT_ROOM, linkTo, roomOf } from '../session.js';

export class ConnectionBadge {
    /**
     * @param {{badge: HTMLElement, text: HTMLElement, action: HTMLButtonElement}} parts
     * @param {import('../../client/cairn.js').CairnClient} client
     */
    constructor({ badge, text, action }, client) {
        Object.assign(this, { badge, text, action, client });
        action.addEventListener('click', () => this.act());
        client.on('state', () => this.draw());
        client.on('rtt', () => this.draw());
        setInterval(() => client.state.state === 'waiting' && this.draw(), 500);
        this.draw();
    }

    draw() {
        const now = this.client.state;
        const shown = now.state === 'idle' ? 'connecting' : now.state;
        this.badge.dataset.state = shown;
        document.body.dataset.state = shown;
        this.write(this.sentence(now));
        const action = this.actionFor(now);
        this.action.hidden = !action;
        if (action && this.action.textContent !== action) this.action.textContent = action;
    }

    /** What a click on the badge's button would do, or null. */
    actionFor(now) {
        if (now.state === 'waiting') return 'Try now';
        if (now.state !== 'refused') return null;
        if (now.code === 4409) return 'Be here as a new guest';
        return this.isAboutRoom(now) ? 'Go to the main room' : 'Try again';
    }

    /** A room that cannot be entered stays closed however often one knocks. */
    isAboutRoom(now) {
        return (
            ['not_found', 'forbidden', 'invalid_field'].includes(now.error?.code) &&
            roomOf(window.location) !== DEFAULT_ROOM
        );
    }

    sentence(now) {
        switch (now.state) {
            case 'connected': {
                const { rtt_ms } = this.client;
                return rtt_ms === null ? 'Connected' : `Connected, ${rtt_ms} ms`;
            }
            case 'waiting': {
                const seconds = Math.max(1, Math.ceil((now.retry_at - Date.now()) / 1000));
                return `${now.reason} Reconnecting in ${seconds} s`;
            }
            case 'refused':
                return now.code === 4409 ? 'You are here in another tab now.' : `Refused: ${now.reason}`;
            case 'closed':
                return 'Closed';
            default:
                return now.attempt > 0 ? 'Reconnecting…' : 'Connecting…';
        }
    }

    /** Only when it differs: it is read aloud. */
    write(text) {
        if (this.text.textContent !== text) this.text.textContent = text;
    }

    act() {
        if (this.client.state.state === 'refused' && this.isAboutRoom(this.client.state)) {
            window.location.assign(linkTo(DEFAULT_ROOM, window.location));
            return;
        }
        // The old token would only throw the other tab out again.
        if (this.client.state.code === 4409) this.client.forget();
        this.client.connect();
    }
}
