// Which of the objects are worth drawing. A space may hold a million; the eye reaches a few hundred metres.

/**
 * The objects within `radius` metres over the ground around `p`; if they are more than `most`, the nearest of them.
 * @param {Iterable<{p: number[]}>} objects
 * @param {number[]} p
 * @param {number} radius
 * @param {number} most
 */
export function nearby(objects, p, radius, most) {
    const found = [];
    for (const object of objects) {
        const dx = object.p[0] - p[0];
        const dz = object.p[2] - p[2];
        const square = dx * dx + dz * dz;
        if (square <= radius * radius) found.push([square, object]);
    }
    if (found.length > most) {
        found.sort((a, b) => a[0] - b[0]);
        found.length = most;
    }
    return found.map(([, object]) => object);
}
