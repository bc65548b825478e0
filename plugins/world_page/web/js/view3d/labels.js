// Names above heads and what they just said: text painted on small canvases, so no text ever becomes markup.
import { CanvasTexture, LinearFilter, SRGBColorSpace, Sprite, SpriteMaterial } from '../../vendor/three.module.min.js';

const FONT = '600 40px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const LINE = 50;
/** Of the painted text, in the world. */
export const METRES_PER_PIXEL = 0.0056;

function paint(lines, { fill, text, tail }) {
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');
    pen.font = FONT;
    const width = Math.ceil(Math.max(...lines.map((line) => pen.measureText(line).width))) + 56;
    const height = lines.length * LINE + 26;
    canvas.width = width;
    canvas.height = height + (tail ? 18 : 0);
    // Setting the size has reset the pen.
    pen.font = FONT;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillStyle = fill;
    pen.beginPath();
    pen.roundRect(2, 2, width - 4, height - 4, tail ? 28 : height / 2);
    pen.fill();
    if (tail) {
        pen.beginPath();
        pen.moveTo(width / 2 - 16, height - 4);
        pen.lineTo(width / 2 + 16, height - 4);
        pen.lineTo(width / 2, height + 14);
        pen.fill();
    }
    pen.fillStyle = text;
    lines.forEach((line, i) => pen.fillText(line, width / 2, 15 + LINE / 2 + i * LINE));
    return canvas;
}

function sprite(canvas) {
    const map = new CanvasTexture(canvas);
    map.colorSpace = SRGBColorSpace;
    map.minFilter = LinearFilter;
    map.generateMipmaps = false;
    const made = new Sprite(new SpriteMaterial({ map, transparent: true, depthWrite: false, fog: false }));
    made.scale.set(canvas.width * METRES_PER_PIXEL, canvas.height * METRES_PER_PIXEL, 1);
    // Labels are for reading, not for picking.
    made.raycast = () => {};
    return made;
}

export function nameTag(name) {
    return sprite(paint([cut(name || 'Guest', 28)], { fill: 'rgba(28, 33, 40, 0.72)', text: '#ffffff' }));
}

export function bubble(text) {
    const made = sprite(paint(wrap(text, 24, 3), { fill: 'rgba(255, 255, 255, 0.95)', text: '#1c2128', tail: true }));
    made.center.set(0.5, 0);
    made.renderOrder = 1;
    return made;
}

export function dispose(made) {
    made.removeFromParent();
    made.material.map.dispose();
    made.material.dispose();
}

const cut = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join('')}…` : text);

/** Breaks at spaces, and inside of words that are too long. */
function wrap(text, width, most) {
    const lines = [];
    let line = '';
    for (const word of text.split(/\s+/)) {
        for (let rest = [...word]; rest.length > 0;) {
            const room = width - (line ? [...line].length + 1 : 0);
            if (rest.length <= room) {
                line = line ? `${line} ${rest.join('')}` : rest.join('');
                rest = [];
            } else if (line) {
                lines.push(line);
                line = '';
            } else {
                lines.push(rest.splice(0, width).join(''));
            }
        }
    }
    if (line) lines.push(line);
    if (lines.length <= most) return lines.length > 0 ? lines : [''];
    return [...lines.slice(0, most - 1), cut(`${lines[most - 1]} …`, width)];
}
