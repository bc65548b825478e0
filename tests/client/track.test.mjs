// How the page shows others: a little late, between two known positions, whatever their clocks say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DELAY_MS, Track, shortest, turn } from '../../plugins/world_page/web/js/track.js';

const R0 = [0, 0, 0];

/** Walks along x at 1 m per 100 ms, in the sender's clock; `lag(i)` is how long message i travels. */
function walked(lag, clock = 5000, arrives = 70000) {
    const track = new Track();
    track.set([0, 0, 0], R0);
    for (let i = 1; i <= 10; i++) track.push([i, 0, 0], R0, clock + i * 100, arrives + i * 100 + lag(i));
    return track;
}

test('without news it stands where it was put', () => {
    const track = new Track();
    track.set([3, 0, 4], [0, 1, 0]);
    assert.deepEqual(track.at(123456), { p: [3, 0, 4], r: [0, 1, 0], speed: 0 });
});

test('between two positions it is in between, DELAY_MS late', () => {
    const track = walked(() => 0);
    const { p, speed } = track.at(70000 + 550 + DELAY_MS);
    assert.ok(Math.abs(p[0] - 5.5) < 0.01, `x = ${p[0]}`);
    assert.ok(Math.abs(speed - 10) < 0.01, `speed = ${speed}`);
});

test('uneven arrival does not make uneven steps', () => {
    const track = walked((i) => (i % 2 ? 40 : 0));
    for (let at = 300; at < 900; at += 50) {
        const { p } = track.at(70000 + at + DELAY_MS);
        assert.ok(Math.abs(p[0] - at / 100) < 0.05, `at ${at}: x = ${p[0]}`);
    }
});

test('after the last position it stands still', () => {
    const { p, speed } = walked(() => 0).at(99999);
    assert.deepEqual([p[0], speed], [10, 0]);
});

test('who stood still for long starts from there, not from long ago', () => {
    const track = walked(() => 0);
    track.push([11, 0, 0], R0, 5000 + 9000, 70000 + 9000);
    assert.equal(track.at(70000 + 5000).p[0], 10);
    assert.ok(track.at(70000 + 9000 + DELAY_MS - 1).p[0] > 10.9);
});

test('a sender without a clock is drawn by arrival', () => {
    const track = new Track();
    track.set([0, 0, 0], R0);
    track.push([1, 0, 0], R0, undefined, 1000);
    track.push([2, 0, 0], R0, 0, 1100);
    assert.ok(Math.abs(track.at(1050 + DELAY_MS).p[0] - 1.5) < 0.01);
});

test('a sender whose clock was set back goes on', () => {
    const track = walked(() => 0);
    track.push([20, 0, 0], R0, 10, 71100);
    assert.equal(track.at(71100 + DELAY_MS).p[0], 20);
});

test('a position that overtook its successor is dropped', () => {
    const track = walked(() => 0);
    track.push([-5, 0, 0], R0, 5000 + 950, 70000 + 1010);
    assert.equal(track.at(99999).p[0], 10);
});

test('turns go the short way round', () => {
    assert.ok(Math.abs(shortest((3 / 2) * Math.PI) + Math.PI / 2) < 1e-9);
    const [, y] = turn([0, 3.0, 0], [0, -3.0, 0], 0.5);
    assert.ok(Math.abs(shortest(y - Math.PI)) < 1e-9, `y = ${y}`);
});
