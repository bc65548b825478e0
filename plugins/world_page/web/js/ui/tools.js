// The row of buttons at the bottom: shapes to place, or what can be done with the selected object; and the colours
// for both.
import { COLORS, SHAPES } from '../actions.js';
import { objectColor } from '../look.js';
import { shortest } from '../track.js';

const ICONS = {
    box: ['M4 8l8-4 8 4v8l-8 4-8-4z', 'M4 8l8 4 8-4M12 12v8'],
    sphere: ['M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z', 'M4 12c4 3.5 12 3.5 16 0'],
    cylinder: ['M5 7c0-1.7 3.1-3 7-3s7 1.3 7 3-3.1 3-7 3-7-1.3-7-3z', 'M5 7v10c0 1.7 3.1 3 7 3s7-1.3 7-3V7'],
    cone: ['M12 3.5 5 17.500M12 3.500l7 14', 'M5 17.500c0 1.5 3.1 2.7 7 2.700s7-1.2 7-2.7-3.1-2.2-7-2.2-7 .7-7 2.200z'],
    ring: ['M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z', 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z'],
    crystal: ['M12 3l7 9-7 9-7-9z', 'M5 12h14M12 3l-2.5 9 2.5 9 2.5-9z'],
};
const SVG = 'http://www.w3.org/2000/svg';

export class Tools {
    constructor({ tools, shapes, color, selection, palette }, world, actions) {
        Object.assign(this, { tools, color, selection, palette, world, actions });
        for (const shape of SHAPES) shapes.append(this.shapeButton(shape));
        palette.append(...COLORS.map((value) => this.colorButton(value)));
        color.addEventListener('click', () => this.openPalette(palette.hidden));
        selection.addEventListener('click', (event) => this.act(event.target.closest('button')?.dataset.do));
        actions.on_select = () => this.draw();
        this.draw();
    }

    shapeButton(shape) {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'tool';
        button.title = `Place a ${shape}`;
        button.dataset.shape = shape;
        button.append(icon(ICONS[shape]));
        button.addEventListener('click', async () => {
            // Waiting for the server's word; a second click meanwhile would place a second one.
            button.disabled = true;
            await this.actions.place(shape).catch(() => {});
            button.disabled = false;
        });
        return button;
    }

    colorButton(value) {
        const button = document.createElement('button');
        button.type = 'button';
        button.dataset.color = value;
        button.setAttribute('aria-label', `Colour ${value}`);
        const swatch = document.createElement('span');
        swatch.className = 'swatch';
        swatch.style.background = value;
        button.append(swatch);
        button.addEventListener('click', () => {
            this.actions.color = value;
            if (this.actions.selected) this.actions.recolor(this.actions.selected, value).catch(() => {});
            this.openPalette(false);
            this.draw();
        });
        return button;
    }

    openPalette(open) {
        this.palette.hidden = !open;
        for (const button of [this.color, this.selection.querySelector('[data-do="color"]')]) {
            button.setAttribute('aria-expanded', String(open));
        }
    }

    draw() {
        const object = this.world.objects.get(this.actions.selected);
        if (Boolean(object) !== Boolean(this.had_object)) this.openPalette(false);
        this.had_object = object;
        this.tools.hidden = Boolean(object);
        this.selection.hidden = !object;
        const color = object ? objectColor(object) : this.actions.color;
        this.color.firstElementChild.style.background = this.actions.color;
        this.selection.querySelector('.swatch').style.background = color;
        for (const button of this.palette.children)
            button.setAttribute('aria-pressed', String(button.dataset.color === color));
    }

    act(what) {
        const id = this.actions.selected;
        const object = this.world.objects.get(id);
        if (!object || !what) return;
        const { p, r, s } = this.actions.poseOf(object);
        const scaled = (by) => s.map((value) => Math.round(Math.min(20, Math.max(0.2, value * by)) * 1000) / 1000);
        // It stands on what it stood on before: growing moves the middle up.
        const standing = (size) => ({ s: size, p: [p[0], p[1] + (size[1] - s[1]) / 2, p[2]] });
        const run = {
            turn: () => this.actions.pose(id, { r: [r[0], shortest(r[1] + Math.PI / 8), r[2]] }),
            up: () => this.actions.pose(id, { p: [p[0], p[1] + 0.5, p[2]] }),
            down: () => this.actions.pose(id, { p: [p[0], Math.max(s[1] / 2, p[1] - 0.5), p[2]] }),
            grow: () => this.actions.pose(id, standing(scaled(1.25))),
            shrink: () => this.actions.pose(id, standing(scaled(0.8))),
            delete: () => this.actions.remove(id),
            color: async () => this.openPalette(this.palette.hidden),
        }[what];
        run().catch(() => {});
    }
}

function icon(paths) {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    for (const d of paths) {
        const path = document.createElementNS(SVG, 'path');
        path.setAttribute('d', d);
        svg.append(path);
    }
    return svg;
}
