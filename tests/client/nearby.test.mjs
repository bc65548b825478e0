// Which objects the page draws.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearby } from '../../plugins/world_page/web/js/nearby.js';

const line = Array.from({ length: 100 }, (_, i) => ({ id: i, p: [i * 10, 0, 0] }));
const ids = (objects) => objects.map((one) => one.id).sort((a, b) => a - b);

test('what is within reach, over the ground: height does not count', () => {
    assert.deepEqual(ids(nearby([...line, { id: 1000, p: [5, 900, 0] }], [0, 0, 0], 30, 50)), [0, 1, 2, 3, 1000]);
});

test('of too many the nearest', () => {
    assert.deepEqual(ids(nearby(line, [500, 0, 0], 2000, 5)), [48, 49, 50, 51, 52]);
});
