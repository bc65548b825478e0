// The things that people placed, as meshes that follow the model.
import {
    BoxGeometry,
    BoxHelper,
    ConeGeometry,
    CylinderGeometry,
    Group,
    Mesh,
    MeshStandardMaterial,
    OctahedronGeometry,
    SphereGeometry,
    TorusGeometry,
} from '../../vendor/three.module.min.js';
import { objectColor } from '../look.js';
import { nearby } from '../nearby.js';

/** Beyond it the haze has swallowed everything. */
const REACH = 240;
const MOST = 2500;
const CHOOSE_EVERY_MS = 700;

/** All fit into a cube of one metre. */
const SHAPES = {
    box: new BoxGeometry(1, 1, 1),
    sphere: new SphereGeometry(0.5, 28, 20),
    cylinder: new CylinderGeometry(0.5, 0.5, 1, 28),
    cone: new ConeGeometry(0.5, 1, 28),
    ring: new TorusGeometry(0.36, 0.14, 14, 36),
    crystal: new OctahedronGeometry(0.5),
    light: new SphereGeometry(0.2, 16, 12),
    camera: new BoxGeometry(0.5, 0.4, 0.7),
};

export class Objects {
    constructor(scene, world, actions) {
        this.scene = scene;
        this.world = world;
        this.actions = actions;
        this.root = new Group();
        scene.add(this.root);
        /** @type {Map<string, Mesh>} */
        this.meshes = new Map();
        this.frame = null;
        this.near = new Map();
        this.stale = true;
        this.chosen_at = -Infinity;
        world.on('objects', () => (this.stale = true));
        world.on('reset', () => (this.stale = true));
    }

    /** Which objects are drawn: chosen anew when some came or went, and now and then because people walk. */
    choose(now, p) {
        const age = now - this.chosen_at;
        if (age < CHOOSE_EVERY_MS && !(this.stale && age > 50)) return;
        this.stale = false;
        this.chosen_at = now;
        this.near = new Map(nearby(this.world.objects.values(), p, REACH, MOST).map((object) => [object.id, object]));
        for (const [id, mesh] of this.meshes) if (!this.near.has(id)) this.drop(id, mesh);
    }

    draw(now, seconds, p) {
        this.choose(now, p);
        for (const [id] of this.near) {
            // The model may have put a newer one in its place since.
            const object = this.world.objects.get(id);
            if (!object) continue;
            let mesh = this.meshes.get(id);
            const shape = shapeOf(object);
            const color = objectColor(object);
            if (!mesh) mesh = this.add(id);
            if (mesh.userData.shape !== shape) {
                mesh.userData.shape = shape;
                mesh.geometry = SHAPES[shape];
                mesh.material.flatShading = shape === 'crystal';
                mesh.material.emissive.set(shape === 'light' ? '#ffdf9e' : '#000000');
                mesh.material.needsUpdate = true;
            }
            if (mesh.userData.color !== color) {
                mesh.userData.color = color;
                mesh.material.color.set(color);
            }
            mesh.visible = object.visibility !== false;
            this.follow(mesh, this.actions.poseOf(object), this.actions.held.has(id) ? 1 : Math.min(1, seconds * 14));
        }
        this.drawFrame();
    }

    add(id) {
        const mesh = new Mesh(SHAPES.box, new MeshStandardMaterial({ roughness: 0.55 }));
        mesh.castShadow = mesh.receiveShadow = true;
        mesh.userData = { id, fresh: true };
        this.meshes.set(id, mesh);
        this.root.add(mesh);
        return mesh;
    }

    /** Towards where it belongs: at once the first time, then gliding over the steps of others' drags. */
    follow(mesh, { p, r, s }, part) {
        if (mesh.userData.fresh) {
            mesh.userData.fresh = false;
            part = 1;
        }
        mesh.position.x += (p[0] - mesh.position.x) * part;
        mesh.position.y += (p[1] - mesh.position.y) * part;
        mesh.position.z += (p[2] - mesh.position.z) * part;
        mesh.rotation.set(r[0], r[1], r[2]);
        mesh.scale.set(s[0] || 0.001, s[1] || 0.001, s[2] || 0.001);
    }

    drop(id, mesh) {
        mesh.material.dispose();
        mesh.removeFromParent();
        this.meshes.delete(id);
    }

    /** The box around the selected one. */
    drawFrame() {
        const mesh = this.meshes.get(this.actions.selected);
        if (!mesh) {
            if (this.frame) this.frame.visible = false;
            return;
        }
        if (!this.frame) {
            this.frame = new BoxHelper(mesh, '#ffffff');
            this.frame.material.depthTest = false;
            this.frame.material.fog = false;
            this.scene.add(this.frame);
        }
        this.frame.visible = true;
        this.frame.setFromObject(mesh);
    }
}

function shapeOf(object) {
    if (object.type === 'light' || object.type === 'camera') return object.type;
    const shape = object.properties?.shape;
    return Object.hasOwn(SHAPES, shape) ? shape : 'box';
}
