// Who is here, and one's own name.
import { colorOf } from '../look.js';
import { storeName } from '../session.js';

export class People {
    constructor({ panel, toggle, count, list, form, name }, world, actions) {
        Object.assign(this, { panel, toggle, count, list, form, name, world, actions });
        toggle.addEventListener('click', () => this.open(panel.hidden));
        form.addEventListener('submit', (event) => {
            event.preventDefault();
            this.save();
        });
        name.addEventListener('keydown', (event) => {
            if (event.key !== 'Escape') return;
            this.showOwnName(true);
            name.blur();
        });
        world.on('users', () => this.draw());
        world.on('reset', () => this.draw());
    }

    open(open) {
        this.panel.hidden = !open;
        this.toggle.setAttribute('aria-expanded', String(open));
    }

    async save() {
        const name = this.name.value.trim();
        if (!name || name === this.world.self?.name) return this.name.blur();
        try {
            await this.actions.rename(name);
            storeName(name);
            const self = this.world.self;
            if (self) this.world.updateUser({ n: self.n, name });
            this.name.blur();
        } catch {
            // The toast has said why; what was typed stays, so that it can be mended.
            this.name.focus();
        }
    }

    draw() {
        const users = [...this.world.users.values()].sort(
            (a, b) =>
                (b.n === this.world.self_n) - (a.n === this.world.self_n) ||
                a.name.localeCompare(b.name, undefined, { numeric: true }),
        );
        this.count.textContent = String(users.length);
        this.toggle.title = users.length === 1 ? 'You are alone here' : `${users.length} people are here`;
        this.list.replaceChildren(...users.map((user) => this.row(user)));
        this.showOwnName(false);
    }

    row(user) {
        const row = document.createElement('li');
        const face = document.createElement('span');
        face.className = 'face';
        face.style.background = colorOf(user.id).css;
        const who = document.createElement('span');
        who.className = 'who';
        who.textContent = user.name || 'Guest';
        row.append(face, who);
        if (user.n === this.world.self_n) {
            const me = document.createElement('span');
            me.className = 'me';
            me.textContent = 'you';
            row.append(me);
        }
        return row;
    }

    showOwnName(by_force) {
        if (!by_force && document.activeElement === this.name) return;
        this.name.value = this.world.self?.name ?? '';
    }
}
