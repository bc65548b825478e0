// The world from above, on a plain canvas: for browsers without WebGL. The same people, the same objects, the same
// hands.
import { colorOf, objectColor } from './look.js';
import { nearby } from './nearby.js';

const BUBBLE_MS = 6000;
const MOST = 2500;

export class View2d {
    constructor(canvas, { world, me, actions, eye }) {
        this.kind = '2d';
        Object.assign(this, { canvas, world, me, actions, eye });
        // North stays up, so "forward" is up, whatever the eye did before.
        eye.heading = Math.PI;
        this.pen = canvas.getContext('2d');
        this.bubbles = new Map();
        this.shown = new Map();
        this.resize();
    }

    resize() {
        this.ratio = Math.min(window.devicePixelRatio || 1, 2);
        this.canvas.width = Math.max(1, this.canvas.clientWidth * this.ratio);
        this.canvas.height = Math.max(1, this.canvas.clientHeight * this.ratio);
    }

    /** CSS pixels per metre; the wheel and two fingers change it as they change the distance in 3D. */
    get scale() {
        return 260 / this.eye.distance;
    }

    toWindow([x, , z]) {
        const box = this.canvas.getBoundingClientRect();
        // Heading π looks to −z with +x on the right, so +x is right and +z is down.
        return [
            box.left + box.width / 2 + (x - this.me.p[0]) * this.scale,
            box.top + box.height / 2 + (z - this.me.p[2]) * this.scale,
        ];
    }

    pointAtHeight(x, y) {
        const box = this.canvas.getBoundingClientRect();
        return [
            this.me.p[0] + (x - box.left - box.width / 2) / this.scale,
            this.me.p[2] + (y - box.top - box.height / 2) / this.scale,
        ];
    }

    pick(x, y) {
        const [wx, wz] = this.pointAtHeight(x, y);
        let best = null;
        for (const object of this.world.objects.values()) {
            const { p, s } = this.actions.poseOf(object);
            const far = Math.hypot(p[0] - wx, p[2] - wz);
            if (far <= Math.max(0.4, 0.6 * Math.max(s[0], s[2])) && (!best || far < best.far))
                best = { id: object.id, far };
        }
        return best?.id ?? null;
    }

    draw(now, seconds) {
        // Turning has no meaning here.
        this.eye.heading = Math.PI;
        const { pen } = this;
        pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
        const width = this.canvas.width / this.ratio;
        const height = this.canvas.height / this.ratio;
        pen.fillStyle = '#93b27c';
        pen.fillRect(0, 0, width, height);
        pen.translate(width / 2, height / 2);
        this.drawGround(width, height);
        const reach = Math.hypot(width, height) / 2 / this.scale + 10;
        for (const object of nearby(this.world.objects.values(), this.me.p, reach, MOST)) {
            if (object.visibility !== false) this.drawObject(object, seconds);
        }
        for (const [n, user] of this.world.users) this.drawUser(n, user, now);
        for (const id of this.shown.keys()) if (!this.world.objects.has(id)) this.shown.delete(id);
    }

    at(x, z) {
        return [(x - this.me.p[0]) * this.scale, (z - this.me.p[2]) * this.scale];
    }

    drawGround(width, height) {
        const { pen, scale } = this;
        const [cx, cz] = this.at(0, 0);
        for (const [radius, color] of [
            [9, '#cfc8b8'],
            [8.6, '#ddd6c6'],
            [4.2, '#cbc3b2'],
            [3.9, '#e2dccd'],
            [1.25, '#8d8a86'],
            [0.8, '#a39d94'],
            [0.44, '#c2bbb0'],
        ]) {
            pen.fillStyle = color;
            pen.beginPath();
            pen.arc(cx, cz, radius * scale, 0, 2 * Math.PI);
            pen.fill();
        }
        const line = (metres) => {
            pen.strokeStyle = metres % 10 === 0 ? 'rgba(255,255,255,0.4)' : 'rgba(255,255,255,0.14)';
            pen.beginPath();
        };
        const [x0, z0] = [this.me.p[0] - width / 2 / scale, this.me.p[2] - height / 2 / scale];
        for (let x = Math.ceil(x0); x < x0 + width / scale; x++) {
            line(x);
            const [px] = this.at(x, 0);
            pen.moveTo(px, -height / 2);
            pen.lineTo(px, height / 2);
            pen.stroke();
        }
        for (let z = Math.ceil(z0); z < z0 + height / scale; z++) {
            line(z);
            const [, pz] = this.at(0, z);
            pen.moveTo(-width / 2, pz);
            pen.lineTo(width / 2, pz);
            pen.stroke();
        }
    }

    drawObject(object, seconds) {
        const { pen, scale } = this;
        const { p, r, s } = this.actions.poseOf(object);
        const shown = this.shown.get(object.id) ?? [...p];
        const part = this.actions.held.has(object.id) ? 1 : Math.min(1, seconds * 14);
        p.forEach((value, i) => (shown[i] += (value - shown[i]) * part));
        this.shown.set(object.id, shown);
        const shape = object.properties?.shape;
        pen.save();
        pen.translate(...this.at(shown[0], shown[2]));
        pen.rotate(-r[1]);
        pen.scale(scale * s[0], scale * s[2]);
        pen.lineWidth = 2 / scale;
        pen.fillStyle = objectColor(object);
        pen.strokeStyle = object.id === this.actions.selected ? '#ffffff' : 'rgba(0,0,0,0.35)';
        pen.beginPath();
        if (shape === 'sphere' || shape === 'cylinder' || shape === 'cone' || shape === 'ring')
            pen.arc(0, 0, 0.5, 0, 2 * Math.PI);
        else if (shape === 'crystal')
            polygon(pen, [
                [0, -0.5],
                [0.5, 0],
                [0, 0.5],
                [-0.5, 0],
            ]);
        else pen.rect(-0.5, -0.5, 1, 1);
        pen.fill();
        pen.stroke();
        pen.restore();
    }

    drawUser(n, user, now) {
        const { pen, scale } = this;
        const mine = n === this.world.self_n;
        const seen = mine ? { p: this.me.p, r: [0, this.me.yaw, 0] } : user.track.at(now);
        const [x, y] = this.at(seen.p[0], seen.p[2]);
        const size = Math.max(9, 0.4 * scale);
        pen.save();
        pen.translate(x, y);
        pen.rotate(Math.PI - seen.r[1]);
        pen.fillStyle = colorOf(user.id).css;
        pen.strokeStyle = mine ? '#ffffff' : 'rgba(0,0,0,0.45)';
        pen.lineWidth = 2.5;
        pen.beginPath();
        polygon(pen, [
            [-size * 0.5, -size * 0.7],
            [0, -size * 1.6],
            [size * 0.5, -size * 0.7],
        ]);
        pen.fill();
        pen.beginPath();
        pen.arc(0, 0, size, 0, 2 * Math.PI);
        pen.fill();
        pen.stroke();
        pen.restore();
        this.write(user.name, x, y - size - 16, 'rgba(28,33,40,0.72)', '#ffffff');
        const said = this.bubbles.get(user.id);
        if (said && now < said.until) this.write(said.text, x, y - size - 44, 'rgba(255,255,255,0.95)', '#1c2128');
    }

    write(text, x, y, back, front) {
        const { pen } = this;
        const short = [...text].length > 40 ? `${[...text].slice(0, 39).join('')}…` : text;
        pen.font = '600 13px system-ui, sans-serif';
        pen.textAlign = 'center';
        pen.textBaseline = 'middle';
        const width = pen.measureText(short).width + 18;
        pen.fillStyle = back;
        pen.beginPath();
        pen.roundRect(x - width / 2, y - 12, width, 24, 12);
        pen.fill();
        pen.fillStyle = front;
        pen.fillText(short, x, y + 1);
    }

    say(line, now) {
        this.bubbles.set(line.user, { text: line.message, until: now + BUBBLE_MS });
    }

    dispose() {}
}

function polygon(pen, points) {
    points.forEach(([x, y], i) => (i === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y)));
    pen.closePath();
}
