// Everybody as a small figure with a name: body, head, eyes that show where it looks, a shadow on the ground.
import {
    CapsuleGeometry,
    Color,
    Group,
    Mesh,
    MeshStandardMaterial,
    SphereGeometry,
} from '../../vendor/three.module.min.js';
import { colorOf } from '../look.js';
import { METRES_PER_PIXEL, bubble, dispose, nameTag } from './labels.js';

const BODY = new CapsuleGeometry(0.34, 0.55, 6, 16);
const HEAD = new SphereGeometry(0.3, 20, 16);
const EYE = new SphereGeometry(0.055, 10, 8);
const FOOT = new SphereGeometry(0.15, 12, 8);
const SKIN = new MeshStandardMaterial({ color: '#f6dcc2', roughness: 0.8 });
const DARK = new MeshStandardMaterial({ color: '#22262c', roughness: 0.5 });
const BUBBLE_MS = 6000;
/** Further away than this a name is a few pixels of noise. */
const NAME_FAR = 70;

class Figure {
    constructor(user) {
        this.root = new Group();
        this.body = new Group();
        const { hue } = colorOf(user.id);
        this.cloth = new MeshStandardMaterial({ color: new Color().setHSL(hue / 360, 0.62, 0.46), roughness: 0.7 });
        const trunk = part(BODY, this.cloth, 0, 0.78, 0);
        const head = part(HEAD, SKIN, 0, 1.55, 0);
        const cap = part(HEAD, this.cloth, 0, 1.62, -0.03);
        cap.scale.set(1.06, 0.8, 1.06);
        this.feet = [part(FOOT, DARK, -0.17, 0.12, 0.04), part(FOOT, DARK, 0.17, 0.12, 0.04)];
        for (const foot of this.feet) foot.scale.set(0.9, 0.75, 1.35);
        this.body.add(
            trunk,
            head,
            cap,
            part(EYE, DARK, -0.11, 1.55, 0.265),
            part(EYE, DARK, 0.11, 1.55, 0.265),
            ...this.feet,
        );
        this.root.add(this.body);
        this.phase = 0;
        this.swing = 0;
        this.setName(user.name);
    }

    setName(name) {
        if (this.name === name) return;
        this.name = name;
        if (this.tag) dispose(this.tag);
        this.tag = nameTag(name);
        this.tag.position.y = 2.25;
        this.root.add(this.tag);
    }

    say(text, now) {
        this.hush();
        this.bubble = bubble(text);
        this.bubble.position.y = 2.55;
        this.bubble_until = now + BUBBLE_MS;
        this.root.add(this.bubble);
    }

    hush() {
        if (this.bubble) dispose(this.bubble);
        this.bubble = null;
    }

    pose(p, yaw, speed, seconds, eye, now) {
        this.root.position.set(p[0], p[1], p[2]);
        this.body.rotation.y = yaw;
        this.swing += (Math.min(speed / 5, 1.5) - this.swing) * Math.min(1, seconds * 10);
        this.phase += seconds * (4 + speed * 1.4);
        this.feet[0].position.z = 0.04 + Math.sin(this.phase) * 0.24 * this.swing;
        this.feet[1].position.z = 0.04 - Math.sin(this.phase) * 0.24 * this.swing;
        this.feet[0].position.y = 0.12 + Math.max(0, Math.cos(this.phase)) * 0.1 * this.swing;
        this.feet[1].position.y = 0.12 + Math.max(0, -Math.cos(this.phase)) * 0.1 * this.swing;
        this.body.position.y = Math.abs(Math.sin(this.phase)) * 0.06 * this.swing;
        this.body.rotation.x = 0;
        this.body.rotation.z = Math.sin(this.phase) * 0.03 * this.swing;
        const far = eye.distanceTo(this.root.position);
        this.tag.visible = far < NAME_FAR;
        // Names keep about the size on the screen that reads well, near and far.
        const grow = Math.max(0.45, Math.min(2.4, far / 10));
        resize(this.tag, grow);
        if (this.bubble) {
            resize(this.bubble, grow);
            this.bubble.position.y = 2.25 + 0.24 * grow;
            if (now > this.bubble_until) this.hush();
        }
    }

    dispose() {
        this.hush();
        dispose(this.tag);
        this.cloth.dispose();
        this.root.removeFromParent();
    }
}

function resize(label, grow) {
    const { width, height } = label.material.map.image;
    label.scale.set(width * METRES_PER_PIXEL * grow, height * METRES_PER_PIXEL * grow, 1);
}

function part(geometry, material, x, y, z) {
    const made = new Mesh(geometry, material);
    made.position.set(x, y, z);
    made.castShadow = true;
    return made;
}

export class Avatars {
    constructor(scene, world, me) {
        this.scene = scene;
        this.world = world;
        this.me = me;
        /** @type {Map<number, Figure & {id: string}>} */
        this.figures = new Map();
    }

    draw(now, seconds, eye) {
        for (const [n, figure] of this.figures) {
            const user = this.world.users.get(n);
            if (user && user.id === figure.id) continue;
            figure.dispose();
            this.figures.delete(n);
        }
        for (const [n, user] of this.world.users) {
            let figure = this.figures.get(n);
            if (!figure) {
                figure = new Figure(user);
                figure.id = user.id;
                this.figures.set(n, figure);
                this.scene.add(figure.root);
            }
            figure.setName(user.name);
            if (n === this.world.self_n) {
                figure.pose(this.me.p, this.me.yaw, this.me.speed, seconds, eye, now);
            } else {
                const { p, r, speed } = user.track.at(now);
                figure.pose(p, r[1], speed, seconds, eye, now);
            }
        }
    }

    say(line, now) {
        const user = [...this.world.users.values()].find((one) => one.id === line.user) ?? this.world.users.get(line.n);
        if (user) this.figures.get(user.n)?.say(line.message, now);
    }
}
