// The chat panel. Every text goes in as textContent: what people write is never markup.
import { colorOf } from '../look.js';

export class Chat {
    constructor(parts, world, actions) {
        Object.assign(this, parts);
        this.world = world;
        this.actions = actions;
        this.editing_id = null;
        this.missed = 0;
        this.form.addEventListener('submit', (event) => {
            event.preventDefault();
            this.submit();
        });
        this.text.addEventListener('keydown', (event) => {
            if (event.key !== 'Escape') return;
            if (this.editing_id) this.edit(null);
            else this.text.blur();
        });
        this.stop_editing.addEventListener('click', () => this.edit(null));
        this.toggle.addEventListener('click', () => this.open(this.panel.hidden));
        world.on('chat', () => this.draw());
        world.on('chat.new', (line) => this.heard(line));
        world.on('reset', () => this.draw());
    }

    open(open) {
        this.panel.hidden = !open;
        this.toggle.setAttribute('aria-expanded', String(open));
        document.body.classList.toggle('chat-open', open);
        if (!open) return;
        this.countMissed(0);
        this.log.scrollTop = this.log.scrollHeight;
    }

    focus() {
        this.open(true);
        this.text.focus();
    }

    heard(line) {
        if (this.panel.hidden && line.user !== this.world.self_id) this.countMissed(this.missed + 1);
    }

    countMissed(count) {
        this.missed = count;
        this.unread.hidden = count === 0;
        this.unread.textContent = count > 99 ? '99+' : String(count);
    }

    async submit() {
        const message = this.text.value;
        if (!message.trim()) return this.text.blur();
        const id = this.editing_id;
        this.text.value = '';
        this.edit(null);
        try {
            if (id) await this.actions.edit(id, message);
            else await this.actions.say(message);
        } catch {
            // The toast has said why. What was written comes back, unless something new is being written already.
            if (this.text.value) return;
            if (id) this.edit(id);
            this.text.value = message;
        }
    }

    edit(id) {
        const line = this.world.chat.find((one) => one.id === id);
        if (!line && this.editing_id) this.text.value = '';
        this.editing_id = line ? id : null;
        this.editing.hidden = !line;
        if (!line) return;
        this.text.value = line.message;
        this.text.focus();
    }

    draw() {
        if (this.editing_id && !this.world.chat.some((line) => line.id === this.editing_id)) this.edit(null);
        const at_end = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
        const rows = this.world.chat.map((line) => this.row(line));
        if (rows.length === 0) rows.push(emptyRow());
        this.log.replaceChildren(...rows);
        if (at_end) this.log.scrollTop = this.log.scrollHeight;
    }

    row(line) {
        const row = document.createElement('li');
        row.dataset.id = line.id;
        const from = document.createElement('div');
        from.className = 'from';
        const name = element('span', 'name', line.name || 'Guest');
        name.style.color = colorOf(line.user).dark;
        const at = new Date(line.at);
        const time = element('time', '', at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
        time.dateTime = at.toISOString();
        time.title = at.toLocaleString();
        from.append(name, time);
        if (line.edited) from.append(element('span', 'edited', 'edited'));
        if (line.user && line.user === this.world.self_id) from.append(this.ownButtons(line));
        row.append(from, element('div', 'said', line.message));
        return row;
    }

    ownButtons(line) {
        const own = element('span', 'own', '');
        const edit = element('button', '', 'Edit');
        const remove = element('button', '', 'Delete');
        edit.type = remove.type = 'button';
        edit.addEventListener('click', () => this.edit(line.id));
        remove.addEventListener('click', () => this.actions.unsay(line.id).catch(() => {}));
        own.append(edit, remove);
        return own;
    }
}

function emptyRow() {
    return element('li', 'empty', 'Nobody has said anything here yet.');
}

function element(tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    made.textContent = text;
    return made;
}
