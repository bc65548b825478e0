// The world in three dimensions.
import {
    DirectionalLight,
    HemisphereLight,
    PCFShadowMap,
    PerspectiveCamera,
    Plane,
    Raycaster,
    Scene,
    Vector2,
    Vector3,
    WebGLRenderer,
} from '../../vendor/three.module.min.js';
import { Avatars } from './avatars.js';
import { addLandscape } from './landscape.js';
import { Objects } from './objects.js';

const SUN = new Vector3(26, 42, 18);
/** A drag whose ray meets the ground further away than this was aimed at the horizon. */
const FAR = 120;

export class View3d {
    /** Throws where there is no WebGL. */
    constructor(canvas, { world, me, actions, eye }) {
        this.kind = '3d';
        this.me = me;
        this.eye = eye;
        this.canvas = canvas;
        this.renderer = new WebGLRenderer({ canvas, antialias: true, powerPreference: 'high-performance' });
        this.renderer.shadowMap.enabled = true;
        this.renderer.shadowMap.type = PCFShadowMap;
        this.pixel_ratio = Math.min(window.devicePixelRatio || 1, 2);
        this.scene = new Scene();
        this.camera = new PerspectiveCamera(55, 1, 0.1, 900);
        this.sky = addLandscape(this.scene).sky;
        this.addLights();
        this.avatars = new Avatars(this.scene, world, me);
        this.objects = new Objects(this.scene, world, actions);
        this.ray = new Raycaster();
        this.look_at = null;
        this.quality = { frames: 0, ms: 0 };
        this.resize();
    }

    addLights() {
        this.scene.add(new HemisphereLight('#dcecff', '#8c9468', 1.45));
        this.sun = new DirectionalLight('#fff1d6', 2.25);
        this.sun.castShadow = true;
        this.sun.shadow.mapSize.set(1024, 1024);
        this.sun.shadow.bias = -0.0006;
        this.sun.shadow.normalBias = 0.03;
        Object.assign(this.sun.shadow.camera, { left: -28, right: 28, top: 28, bottom: -28, near: 5, far: 110 });
        this.scene.add(this.sun, this.sun.target);
    }

    resize() {
        const { clientWidth, clientHeight } = this.canvas;
        const width = Math.max(1, clientWidth);
        const height = Math.max(1, clientHeight);
        this.renderer.setPixelRatio(this.pixel_ratio);
        this.renderer.setSize(width, height, false);
        this.camera.aspect = width / height;
        // A phone held upright sees little to the sides; widen it.
        this.camera.fov = width < height ? 68 : 55;
        this.camera.updateProjectionMatrix();
    }

    draw(now, seconds) {
        this.placeCamera(seconds);
        this.avatars.draw(now, seconds, this.camera.position);
        this.objects.draw(now, seconds, this.me.p);
        const [x, , z] = this.me.p;
        // In whole metres, or the edges of all shadows would crawl with every step.
        this.sun.target.position.set(Math.round(x), 0, Math.round(z));
        this.sun.position.copy(this.sun.target.position).add(SUN);
        this.sky.position.copy(this.camera.position);
        this.renderer.render(this.scene, this.camera);
        this.keepSmooth(seconds);
    }

    placeCamera(seconds) {
        const { heading, pitch, distance } = this.eye;
        const [x, y, z] = this.me.p;
        const goal = new Vector3(x, y * 0.5 + 1.5, z);
        // Close behind, but not rigidly: the eye follows like a person walking along. A jump through the room is no
        // walk.
        if (!this.look_at || this.look_at.distanceTo(goal) > 15) this.look_at = goal;
        else this.look_at.lerp(goal, Math.min(1, seconds * 14));
        const flat = Math.cos(pitch) * distance;
        this.camera.position.set(
            this.look_at.x - Math.sin(heading) * flat,
            Math.max(0.35, this.look_at.y + Math.sin(pitch) * distance),
            this.look_at.z - Math.cos(heading) * flat,
        );
        this.camera.lookAt(this.look_at);
    }

    /** Machines that cannot keep up get a coarser picture instead of a slow one. */
    keepSmooth(seconds) {
        const { quality } = this;
        quality.frames += 1;
        quality.ms += seconds * 1000;
        if (quality.frames < 45) return;
        const per_frame = quality.ms / quality.frames;
        quality.frames = 0;
        quality.ms = 0;
        if (per_frame < 30) return;
        if (this.pixel_ratio > 1) {
            this.pixel_ratio = 1;
        } else if (this.sun.castShadow) {
            this.sun.castShadow = false;
        } else if (this.pixel_ratio > 0.6) {
            this.pixel_ratio = 0.6;
        } else {
            return;
        }
        this.resize();
    }

    aim(x, y) {
        const box = this.canvas.getBoundingClientRect();
        this.ray.setFromCamera(
            new Vector2(((x - box.left) / box.width) * 2 - 1, 1 - ((y - box.top) / box.height) * 2),
            this.camera,
        );
    }

    /** The id of the object under a point of the window, or null. */
    pick(x, y) {
        this.aim(x, y);
        const seen = this.objects.root.children.filter((mesh) => mesh.visible);
        return this.ray.intersectObjects(seen, false)[0]?.object.userData.id ?? null;
    }

    /** `[x, z]` of the point at that height under a point of the window, or null when it is out of reach. */
    pointAtHeight(x, y, height) {
        this.aim(x, y);
        const hit = this.ray.ray.intersectPlane(new Plane(new Vector3(0, 1, 0), -height), new Vector3());
        return hit && hit.distanceTo(this.camera.position) < FAR ? [hit.x, hit.z] : null;
    }

    /** Where a point of the world is in the window, in CSS pixels; for tests and hints. */
    toWindow([x, y, z]) {
        const at = new Vector3(x, y, z).project(this.camera);
        const box = this.canvas.getBoundingClientRect();
        return [box.left + ((at.x + 1) / 2) * box.width, box.top + ((1 - at.y) / 2) * box.height];
    }

    say(line, now) {
        this.avatars.say(line, now);
    }

    dispose() {
        this.renderer.dispose();
    }
}
