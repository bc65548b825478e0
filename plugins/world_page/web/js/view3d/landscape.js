// The ground, the sky and what stands on it for everybody: a paved circle, a cairn, trees, hills. All made here, no
// files.
import {
    BackSide,
    BufferAttribute,
    CanvasTexture,
    CircleGeometry,
    Color,
    ConeGeometry,
    CylinderGeometry,
    Fog,
    Group,
    IcosahedronGeometry,
    InstancedMesh,
    Matrix4,
    Mesh,
    MeshBasicMaterial,
    MeshLambertMaterial,
    Quaternion,
    RepeatWrapping,
    SphereGeometry,
    SRGBColorSpace,
    Vector3,
} from '../../vendor/three.module.min.js';

const SKY = [
    [-1, '#e9e4d6'],
    [0, '#f2ead9'],
    [0.1, '#dbe9f0'],
    [0.35, '#9fcbe9'],
    [1, '#4f93cf'],
];
const HAZE = '#e4e6da';
const UP = new Vector3(0, 1, 0);

/** The same landscape for everybody, so it is random with a fixed seed. */
function seeded(seed) {
    return () => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return seed / 4294967296;
    };
}

export function addLandscape(scene) {
    scene.background = new Color(HAZE);
    scene.fog = new Fog(HAZE, 55, 260);
    const sky = makeSky();
    scene.add(sky, makeGround(), makePlaza(), makeCairn(), makeTrees(), makeHills());
    return { sky };
}

function makeSky() {
    const geometry = new SphereGeometry(400, 24, 24);
    const points = geometry.attributes.position;
    const colors = new Float32Array(points.count * 3);
    const color = new Color();
    for (let i = 0; i < points.count; i++) {
        skyColor(points.getY(i) / 400, color);
        color.toArray(colors, i * 3);
    }
    geometry.setAttribute('color', new BufferAttribute(colors, 3));
    const sky = new Mesh(
        geometry,
        new MeshBasicMaterial({ vertexColors: true, side: BackSide, fog: false, depthWrite: false }),
    );
    sky.renderOrder = -1;
    sky.raycast = () => {};
    return sky;
}

function skyColor(height, into) {
    const next = SKY.findIndex(([at]) => at >= height);
    if (next <= 0) return into.set(SKY[0][1]);
    const [low, from] = SKY[next - 1];
    const [high, to] = SKY[next];
    return into.set(from).lerp(new Color(to), (height - low) / (high - low));
}

/**
 * Grass with a faint grid: one square is one metre, ten squares a thicker line. It makes distances and movement
 * visible.
 */
function makeGround() {
    const size = 640;
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = size;
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#93b27c';
    pen.fillRect(0, 0, size, size);
    const random = seeded(7);
    for (let i = 0; i < 2600; i++) {
        pen.fillStyle = random() < 0.5 ? 'rgba(74, 110, 66, 0.10)' : 'rgba(214, 224, 160, 0.12)';
        pen.fillRect(random() * size, random() * size, 3 + random() * 9, 2 + random() * 5);
    }
    const step = size / 10;
    for (let i = 0; i < 10; i++) {
        pen.fillStyle = i === 0 ? 'rgba(255, 255, 255, 0.30)' : 'rgba(255, 255, 255, 0.10)';
        const thick = i === 0 ? 3 : 2;
        pen.fillRect(i * step, 0, thick, size);
        pen.fillRect(0, i * step, size, thick);
    }
    const map = new CanvasTexture(canvas);
    map.colorSpace = SRGBColorSpace;
    map.wrapS = map.wrapT = RepeatWrapping;
    map.repeat.set(200, 200);
    map.anisotropy = 8;
    const ground = new Mesh(new CircleGeometry(1000, 48), new MeshLambertMaterial({ map }));
    ground.rotation.x = -Math.PI / 2;
    ground.receiveShadow = true;
    return ground;
}

function makePlaza() {
    const plaza = new Group();
    const rings = [
        [9, '#cfc8b8', 0.02],
        [8.6, '#ddd6c6', 0.03],
        [4.2, '#cbc3b2', 0.04],
        [3.9, '#e2dccd', 0.05],
    ];
    for (const [radius, color, height] of rings) {
        const disc = new Mesh(new CircleGeometry(radius, 64), new MeshLambertMaterial({ color }));
        disc.rotation.x = -Math.PI / 2;
        disc.position.y = height;
        disc.receiveShadow = true;
        plaza.add(disc);
    }
    return plaza;
}

/** Stones put on one another by people who came by: what the whole thing is named after. */
function makeCairn() {
    const cairn = new Group();
    const random = seeded(21);
    const stones = [
        [1.25, 0.55, '#8d8a86'],
        [1.0, 0.46, '#a39d94'],
        [0.8, 0.4, '#7f7d7b'],
        [0.6, 0.34, '#b0a99d'],
        [0.44, 0.27, '#8f8b86'],
        [0.27, 0.22, '#c2bbb0'],
    ];
    let top = 0;
    for (const [width, height, color] of stones) {
        const material = new MeshLambertMaterial({ color, flatShading: true });
        const stone = new Mesh(new IcosahedronGeometry(1, 2), material);
        const points = stone.geometry.attributes.position;
        for (let i = 0; i < points.count; i++) {
            // Bent by place, not by number: neighbouring triangles hold copies of the same corner.
            const [x, y, z] = [points.getX(i), points.getY(i), points.getZ(i)];
            const bend = 1 + 0.07 * Math.sin(5 * x + top * 9) * Math.cos(4 * z + top) + 0.04 * Math.sin(7 * y);
            points.setXYZ(i, x * bend, y * bend, z * bend);
        }
        stone.geometry.computeVertexNormals();
        stone.scale.set(width, height, width * (0.85 + random() * 0.2));
        stone.position.set((random() - 0.5) * 0.16, top + height * 0.94, (random() - 0.5) * 0.16);
        stone.rotation.set((random() - 0.5) * 0.12, random() * 6, (random() - 0.5) * 0.12);
        stone.castShadow = stone.receiveShadow = true;
        cairn.add(stone);
        top += height * 1.78;
    }
    cairn.position.y = 0.04;
    return cairn;
}

function makeTrees() {
    const random = seeded(99);
    const count = 110;
    const trunks = new InstancedMesh(
        new CylinderGeometry(0.16, 0.24, 1.4, 6),
        new MeshLambertMaterial({ color: '#7a5c45' }),
        count,
    );
    const material = () => new MeshLambertMaterial({ color: '#ffffff', flatShading: true });
    const low = new InstancedMesh(new ConeGeometry(1.5, 2.6, 7), material(), count);
    const high = new InstancedMesh(new ConeGeometry(1.05, 2.2, 7), material(), count);
    const place = new Matrix4();
    const turn = new Quaternion();
    const color = new Color();
    for (let i = 0; i < count; i++) {
        const angle = random() * 2 * Math.PI;
        const radius = 24 + 130 * random() ** 1.3;
        const size = 0.8 + random() * 1.3;
        const [x, z] = [Math.sin(angle) * radius, Math.cos(angle) * radius];
        turn.setFromAxisAngle(UP, random() * 6);
        const put = (mesh, height) =>
            mesh.setMatrixAt(i, place.compose(new Vector3(x, height * size, z), turn, new Vector3(size, size, size)));
        put(trunks, 0.7);
        put(low, 2.3);
        put(high, 3.7);
        color.setHSL(0.26 + random() * 0.1, 0.28 + random() * 0.12, 0.34 + random() * 0.12);
        low.setColorAt(i, color);
        high.setColorAt(i, color.offsetHSL(0, 0, 0.04));
    }
    const trees = new Group();
    trees.add(trunks, low, high);
    for (const mesh of trees.children) {
        mesh.castShadow = true;
        // A tree in the way is no target for a click.
        mesh.raycast = () => {};
    }
    return trees;
}

function makeHills() {
    const hills = new Group();
    const random = seeded(5);
    for (let i = 0; i < 16; i++) {
        const angle = (i / 16) * 2 * Math.PI + random() * 0.2;
        const radius = 190 + random() * 40;
        const color = new Color().setHSL(0.25 + random() * 0.06, 0.22, 0.5 + random() * 0.08);
        const hill = new Mesh(new SphereGeometry(1, 20, 10), new MeshLambertMaterial({ color }));
        hill.scale.set(40 + random() * 30, 14 + random() * 20, 40 + random() * 30);
        hill.position.set(Math.sin(angle) * radius, -4, Math.cos(angle) * radius);
        hill.raycast = () => {};
        hills.add(hill);
    }
    return hills;
}
